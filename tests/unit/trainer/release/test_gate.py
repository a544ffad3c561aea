"""A release that is worse than what is served does not take its place unless forced."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.release.folders import GOOD, NOWHERE, add_release
from trainer.release.gate import HEADINGS, Gate, ReleaseRefusedError, judge

FIGURES = st.floats(0, 5)


INTERVALS = {"ndcg_at_10": {"value": 0.45, "low": 0.4304, "high": 0.4696}}  # a standard error of .01


def info_of(metrics, fingerprint="ab" * 32, **changes):
    systems = [{"system": "popularity", "served": False, "values": {"ndcg_at_10": 0.9}}]
    return {"data": {"fingerprint": fingerprint}, "metrics": [*systems, {"served": True, "values": metrics}]} | changes


@pytest.fixture
def check(tmp_path):
    """Checks metrics against release 3; returns what release.json records and what was said."""
    add_release(tmp_path, 3)

    def check(metrics, margin=0.02, force=False, **changes):
        said = []
        return Gate(tmp_path, NOWHERE, margin, force, said.append).check(info_of(metrics, **changes)), said

    return check


@given(st.sampled_from(sorted(HEADINGS)), FIGURES, st.floats(0, 1))
def test_what_is_as_it_was_is_never_worse(name, value, margin):
    assert not judge(name, value, value, margin).is_worse


@given(st.sampled_from(sorted(HEADINGS)), FIGURES, FIGURES)
def test_of_two_that_differ_one_is_worse_where_there_is_no_margin(name, one, other):
    verdicts = {judge(name, one, other, 0).is_worse, judge(name, other, one, 0).is_worse}
    assert verdicts == ({True, False} if abs(one - other) > 1e-8 else {False})


@given(st.sampled_from(sorted(HEADINGS)), FIGURES, FIGURES, st.floats(0, 1), st.floats(0, 1))
def test_what_a_margin_lets_pass_a_wider_one_lets_pass(name, old, new, one, other):
    narrow, wide = sorted((one, other))
    assert judge(name, old, new, narrow).is_worse or not judge(name, old, new, wide).is_worse


@pytest.mark.parametrize(
    ("name", "new", "sentence"),
    [
        ("ndcg_at_10", 0.40, "NDCG@10: 0.5000 before, 0.4000 now, 20.0% worse (more than 5.0% is allowed)"),
        ("recall_at_20", 0.475, "Recall@20: 0.5000 before, 0.4750 now, 5.0% worse (at most 5.0% is allowed)"),
        ("rmse", 0.6, "RMSE: 0.5000 before, 0.6000 now, 20.0% worse (more than 5.0% is allowed)"),
        ("rmse", 0.4, "RMSE: 0.5000 before, 0.4000 now, 20.0% better (at most 5.0% is allowed)"),
        ("rmse", 0.5, "RMSE: 0.5000 before, 0.5000 now, as it was (at most 5.0% is allowed)"),
        ("rmse", None, "RMSE: 0.5000 before, and now it could not be measured"),
        ("rmse", float("nan"), "RMSE: 0.5000 before, and now it could not be measured"),
    ],
)
def test_a_metric_is_told_with_old_new_change_and_margin(name, new, sentence):
    assert judge(name, 0.5, new, 0.05).sentence == sentence


@pytest.mark.parametrize("name", HEADINGS)
@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_can_no_longer_be_measured_refuses_the_release(check, name, value):
    measured = {key: figure for key, figure in (GOOD | {name: value}).items() if figure is not None}
    with pytest.raises(ReleaseRefusedError):
        check(measured)


@pytest.mark.parametrize("name", HEADINGS)
def test_any_metric_that_got_much_worse_refuses_the_release_and_says_how_to_force_it(check, name):
    factor = 1.1 if name == "rmse" else 0.9
    with pytest.raises(ReleaseRefusedError, match=r"Nothing was published: 1 .*make release FORCE=1.*MARGIN="):
        check(GOOD | {name: GOOD[name] * factor})
    assert check(GOOD | {name: GOOD[name] * factor}, margin=0.1)[0] == {}
    assert check(GOOD | {name: GOOD[name] / factor})[0] == {}


def test_what_was_forced_is_recorded(check):
    recorded, said = check(GOOD | {"rmse": 1.0}, force=True)
    sentence = "RMSE: 0.8700 before, 1.0000 now, 14.9% worse (more than 2.0% is allowed)"
    assert recorded == {"forced": [f"{sentence} (release 3)"]}
    assert f"  {sentence}" in said


def test_forcing_what_need_not_be_forced_is_not_recorded(check):
    assert check(GOOD, force=True)[0] == {}


def test_other_data_are_told_and_compared_all_the_same(check):
    assert not any("data differ" in line for line in check(GOOD)[1])
    _, said = check(GOOD, fingerprint="cd" * 32)
    assert any("The data differ" in line for line in said)
    assert sum("as it was" in line for line in said) == len(GOOD)


def test_where_data_differ_two_standard_errors_are_allowed_beside_the_margin(check, tmp_path):
    """The margin is .009, and two standard errors of the difference are .0283."""
    add_release(tmp_path, 4, figures={"intervals": INTERVALS})
    other = {"figures": {"intervals": INTERVALS}, "fingerprint": "cd" * 32}
    _, said = check(GOOD | {"ndcg_at_10": 0.414}, **other)
    assert any("8.0% worse (at most 2.0% and 0.0283, two standard errors, is allowed)" in line for line in said)
    for changes in ({"fingerprint": "cd" * 32}, {"figures": other["figures"]}):
        with pytest.raises(ReleaseRefusedError):
            check(GOOD | {"ndcg_at_10": 0.414}, **changes)
    with pytest.raises(ReleaseRefusedError):
        check(GOOD | {"ndcg_at_10": 0.412}, **other)


@pytest.mark.parametrize(
    ("pin", "reason"),
    [
        ("the good one", "PINNED holds 'the good one', must hold one version number"),
        ("7", "release 7 is pinned and cannot be served"),
        ("4", "release 4 is pinned and cannot be served"),
    ],
)
def test_a_pin_that_serves_nothing_refuses_a_release_unless_forced(check, tmp_path, pin, reason):
    add_release(tmp_path, 4)
    (tmp_path / "catalog" / "4" / "movies.arrow").unlink()
    (tmp_path / "PINNED").write_text(pin)
    with pytest.raises(ReleaseRefusedError, match=rf"{reason}\. End that with make rollback .*FORCE=1"):
        check(GOOD)
    sentence = f"There is nothing to compare with, though there are releases: {reason}"
    assert check(GOOD, force=True) == ({"forced": [sentence]}, [f"{sentence}."])


def test_a_pin_where_there_are_no_releases_refuses_nothing(tmp_path):
    (tmp_path / "PINNED").write_text("7")
    assert Gate(tmp_path, NOWHERE, 0.02, False, lambda line: None).check(info_of({})) == {}


def test_a_metric_that_the_served_release_lacks_is_told_and_not_compared(check, tmp_path):
    add_release(tmp_path, 4, {"ndcg_at_10": 0.45, "rmse": float("nan")})
    recorded, said = check(GOOD)
    assert recorded == {}
    assert "Compared with release 4, which is served" in said[0]
    assert sum("what is served does not have it" in line for line in said) == 3


def test_the_first_release_has_nothing_to_be_compared_with(tmp_path):
    said = []
    assert Gate(tmp_path, NOWHERE, 0.02, False, said.append).check(info_of({})) == {}
    assert len(said) == 1
    assert said[0].startswith("There is nothing to compare with: no release is served (according to ")
