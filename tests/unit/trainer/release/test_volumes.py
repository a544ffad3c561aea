"""A volume that is full, or cannot be written: a clear error, and everything as it was."""

import subprocess
import sys

import pytest

from tests.unit.trainer.release.folders import NOWHERE, add_release

# In a mount namespace of its own, so that the volume is gone with the process: mounts 1 MB at $1, fills it with the
# releases in $2, does $3, runs the rest and tells whether any file is another one then.
IN_A_VOLUME = """
volume=$1 releases=$2 trouble=$3
mount -t tmpfs -o size=1m tmpfs "$volume" || exit 77
cp -r "$releases/." "$volume" || exit 78
case $trouble in
full) cat /dev/zero > "$volume/filler" 2>&- ;;
read-only) mount -o remount,ro "$volume" || exit 77 ;;
esac
files() { find "$volume" -type f -exec cksum {} + | sort; }
before=$(files)
shift 3
"$@"
status=$?
[ "$before" = "$(files)" ] || exit 79
exit $status
"""
PUBLISH = """
from trainer.release.publish import publish
publish(root, lambda version, folders: (folders["catalog"] / "movies.arrow").write_bytes(bytes(1 << 20)))
"""
REMOVE = """
from trainer.release.publish import locked, withdraw
with locked(root):
    withdraw(root, 1)
"""
SCRIPT = "import sys; from pathlib import Path; from trainer.command import run; root = Path(sys.argv[1])\n"


@pytest.fixture
def inside(tmp_path):
    """Runs a program of Python's on a volume in trouble; returns its status and what it said."""
    volume, releases = tmp_path / "volume", tmp_path / "releases"
    volume.mkdir()
    for version in (1, 2):
        add_release(releases, version)
    (releases / ".lock").write_text("2")

    def run(trouble, *words):
        enter = ["unshare", "--mount", "--map-root-user", "sh", "-c", IN_A_VOLUME, "sh", volume, releases, trouble]
        words = [sys.executable, "-B", *words]
        done = subprocess.run([*enter, *words], check=False, capture_output=True, text=True)
        if done.returncode == 77 or "unshare" in done.stderr:
            pytest.skip(f"nothing can be mounted here: {done.stderr}")
        return done.returncode, done.stderr

    run.volume = volume
    return run


def as_command(code):
    """Runs code the way commands of the trainer's end."""
    indented = "\n".join(f"    {line}" for line in code.strip().splitlines())
    return f"{SCRIPT}\ndef act():\n{indented}\n    return 0\n\nsys.exit(run(act))"


WHY = {"full": "No space left on device", "read-only": "Read-only file system"}


@pytest.mark.parametrize("trouble", WHY)
def test_a_rollback_changes_nothing_and_says_why(inside, trouble):
    flags = ["--releases", inside.volume, "--address", NOWHERE, "--to", "1"]
    status, said = inside(trouble, "-m", "trainer.rollback", *flags)
    assert (status, said.count("\n")) == (1, 1), said
    assert said.startswith(f"cannot change the releases in {inside.volume}: ")
    assert WHY[trouble] in said


@pytest.mark.parametrize(("trouble", "code"), [("full", PUBLISH), ("read-only", PUBLISH), ("read-only", REMOVE)])
def test_publishing_and_removing_change_nothing_and_say_why(inside, trouble, code):
    status, said = inside(trouble, "-c", as_command(code), inside.volume)
    assert (status, said.count("\n")) == (1, 1), said
    assert said.startswith(f"cannot change the releases in {inside.volume}: ")
    assert WHY[trouble] in said


def test_a_removal_needs_no_room(inside):
    assert inside("full", "-c", as_command(REMOVE), inside.volume) == (79, "")
