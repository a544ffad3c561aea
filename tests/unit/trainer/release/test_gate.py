"""A release that is worse than what is served does not take its place unless forced."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.release.folders import GOOD, NOWHERE, add_release
from trainer.release.gate import HEADINGS, Gate, ReleaseRefusedError, judge

FIGURES = st.floats(0, 5)


def info_of(metrics, fingerprint="ab" * 32):
    systems = [{"system": "popularity", "served": False, "values": {"ndcg_at_10": 0.9}}]
    return {"data": {"fingerprint": fingerprint}, "metrics": [*systems, {"served": True, "values": metrics}]}


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
    ],
)
def test_a_metric_is_told_with_old_new_change_and_margin(name, new, sentence):
    assert judge(name, 0.5, new, 0.05).sentence == sentence


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
