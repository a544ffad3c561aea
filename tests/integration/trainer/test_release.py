"""`make release`, `make rollback` and `make releases` beside a real gateway and model server."""

import json
import subprocess
import sys
from contextlib import contextmanager
from threading import Thread

import pytest

from tests.integration.gateway.processes import eventually, gateway, model_server
from tests.integration.trainer.conftest import Command
from tests.tiny_release import random_release, write_catalog, write_models, write_release
from tests.unit.trainer.release.folders import GOOD, add_release, change_info, releases_in
from trainer.progress import Steps
from trainer.release.gate import Gate
from trainer.release.handover import Handover
from trainer.release.publish import ARTEFACTS
from trainer.release.served import NoGatewayError, NothingServedError, ask, what_answers, what_is_served

RELEASE = random_release()


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Four releases, of which the newest is served: its folder and a gateway."""
    root = tmp_path_factory.mktemp("releases")
    for version in (1, 2, 3, 4):
        write_release(root, version, RELEASE)
    change_info(root / "catalog" / "4", metrics=[{"system": "all", "served": True, "values": GOOD | {"rmse": 0.1}}])
    with model_server(root) as models, gateway(root, models.port) as served:
        eventually(lambda: served.serves(4))
        yield root, served


@pytest.fixture
def run(tmp_path):
    """Runs a command of the trainer's."""

    def run(module, *flags):
        return Command(module, tmp_path).run(*flags)

    return run


def address_of(served):
    return f"localhost:{served.server.port}"


def listed(root, address):
    flags = ["--releases", str(root), "--address", address, "--json"]
    command = [sys.executable, "-m", "trainer.releases", *flags]
    document = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {release["version"]: release for release in document["releases"]}


def test_what_the_gateway_serves_is_known_with_its_metrics(stack):
    root, served = stack
    found = what_is_served(root, address_of(served))
    assert found.said_by == f"the gateway at {address_of(served)}"
    assert (found.version, found.fingerprint, found.metrics) == (4, "ab" * 32, GOOD | {"rmse": 0.1})


def test_a_gateway_of_another_folder_is_told_apart(stack, tmp_path):
    _, served = stack
    add_release(tmp_path, 4, created="2020-01-01T00:00:00+00:00")
    with pytest.raises(NoGatewayError, match="serves release 4 of another folder"):
        ask(tmp_path, address_of(served))
    found = what_is_served(tmp_path, address_of(served))
    assert (found.version, found.said_by.startswith(f"{tmp_path}, as the gateway at ")) == (4, True)


def test_a_first_release_is_waited_for_at_a_gateway_that_serves_none(tmp_path, capsys):
    with model_server(tmp_path) as models, gateway(tmp_path, models.port) as served:
        with pytest.raises(NothingServedError, match="no release is ready"):
            ask(tmp_path, address_of(served))
        found = []
        handover = Handover(tmp_path, address_of(served), 60, Steps())
        waiting = Thread(target=lambda: found.append(handover.wait_until_served(1)))
        waiting.start()
        write_release(tmp_path, 1, RELEASE)
        waiting.join()
    assert found == [True]
    assert capsys.readouterr().err.splitlines()[-1] == "Release 1 is served."


def test_a_release_that_is_worse_is_refused_and_one_that_is_forced_is_handed_over(stack, run, data):
    root, served = stack
    flags = ("--data", data, "--output", root, "--release", "--address", address_of(served))
    before = releases_in(root)
    status, said = run("trainer", *flags)
    assert status == 3
    assert f"Compared with release 4, which is served (according to the gateway at {address_of(served)}):" in said
    assert "RMSE: 0.1000 before, " in said
    assert "Nothing was published: " in said
    assert releases_in(root) == before
    assert not list(root.glob("*/.*"))
    status, said = run("trainer", *flags, "--force")
    assert status == 0, said
    assert served.serves(5)
    assert "Release 5 is served.\nRelease 2 is removed: newer ones are kept.\nRelease 1 is removed" in said
    assert releases_in(root) == {artefact: [3, 4, 5] for artefact in ARTEFACTS}
    assert any(
        sentence.startswith("RMSE: 0.1000 before, ") for sentence in listed(root, address_of(served))[5]["forced"]
    )
    assert "## Published although it is worse" in (root / "catalog" / "5" / "model_card.md").read_text()


def test_a_release_is_rolled_back_to_and_that_is_ended(stack, run):
    root, served = stack
    newest = ask(root, address_of(served)).version
    flags = ("--releases", root, "--address", address_of(served))
    status, said = run("trainer.rollback", *flags)
    assert (status, served.serves(newest - 1)) == (0, True), said
    assert f"Release {newest - 1} is served." in said
    found = listed(root, address_of(served))
    assert (found[newest - 1]["served"], found[newest - 1]["pinned"]) == (True, True)
    assert found[newest]["reason"] == f"release {newest - 1} is pinned"
    status, said = run("trainer.rollback", *flags, "--to", "newest")
    assert (status, served.serves(newest)) == (0, True), said


def test_the_gate_goes_by_what_is_served_and_not_by_the_newest(stack):
    root, served = stack
    newest = ask(root, address_of(served)).version
    with pinned(root, served, newest - 1):
        said = []
        Gate(root, address_of(served), 1, True, said.append).check({"data": {"fingerprint": ""}, "metrics": []})
        assert said[0].startswith(f"Compared with release {newest - 1}, which is served (according to the gateway at ")


def test_what_does_not_work_is_not_pinned_and_everything_stays_as_it_is(stack, run):
    root, served = stack
    newest = ask(root, address_of(served)).version
    broken_release(root, 9)
    status, said = run("trainer.rollback", "--releases", root, "--address", address_of(served), "--to", 9)
    assert (status, (root / "PINNED").exists()) == (1, False)
    assert "release 9 cannot be pinned: movie_index has fewer movies than the catalogue's 40" in said.splitlines()[-1]
    assert served.serves(newest)


def test_a_pinned_release_that_does_not_work_is_told_by_gateway_and_list_with_the_reason(tmp_path):
    reason = "movie_index has fewer movies than the catalogue's 40"
    write_release(tmp_path, 1, RELEASE)
    broken_release(tmp_path, 2)
    write_release(tmp_path, 3, RELEASE)
    with model_server(tmp_path) as models, gateway(tmp_path, models.port) as served:
        eventually(lambda: served.serves(3))
        (tmp_path / "PINNED").write_text("2")
        eventually(lambda: ask(tmp_path, address_of(served)).skipped == {2: reason})
        assert listed(tmp_path, address_of(served))[2]["reason"] == reason
        assert not Handover(tmp_path, address_of(served), 0, Steps()).wait_until_served(2)
    with model_server(tmp_path) as models, gateway(tmp_path, models.port) as served:
        eventually(lambda: f"release 2: {reason}" in what_answers(tmp_path, address_of(served)).skipped.get(2, ""))
        assert not any(release["served"] for release in listed(tmp_path, address_of(served)).values())


def test_a_pin_keeps_what_it_names_and_a_way_back_and_others_go(tmp_path):
    for version in range(1, 8):
        write_release(tmp_path, version, RELEASE)
    with model_server(tmp_path) as models, gateway(tmp_path, models.port) as served:
        eventually(lambda: served.serves(7))
        with pinned(tmp_path, served, 3):
            assert Handover(tmp_path, address_of(served), 0, Steps()).follow(7)
    assert releases_in(tmp_path) == {artefact: [1, 2, 3, 5, 6, 7] for artefact in ARTEFACTS}


def test_a_release_that_is_not_served_in_time_is_status_4(tmp_path, run, data):
    root = tmp_path / "releases"
    write_release(root, 1, RELEASE)
    with model_server(root) as models, gateway(root, models.port) as served:
        eventually(lambda: served.serves(1))
        models.kill()
        flags = ("--data", data, "--output", root, "--release", "--address", address_of(served), "--wait", 0)
        status, said = run("trainer", *flags)
        assert served.serves(1)
    assert status == 4
    assert "Release 2 is not served after 0 s: " in said


def broken_release(root, version):
    """A release with models of other movies than its catalogue's."""
    write_models(root, version, random_release(num_movies=39))
    write_catalog(root / "catalog" / f".{version}", version, RELEASE)
    (root / "catalog" / f".{version}").rename(root / "catalog" / str(version))


@contextmanager
def pinned(root, served, version):
    newest = ask(root, address_of(served)).version
    (root / "PINNED").write_text(str(version))
    try:
        eventually(lambda: served.serves(version))
        yield
    finally:
        (root / "PINNED").unlink()
    eventually(lambda: served.serves(newest))
