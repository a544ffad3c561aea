"""A volume that is full, or cannot be written: a clear error, and everything as it was."""

import subprocess
import sys

import pytest

from tests.unit.trainer.release.folders import add_release

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
PIN = """
from trainer.release.publish import pin_locked, replace_file
with pin_locked(root):
    replace_file(root / "PINNED", lambda path: path.write_text("1"))
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
    add_locks(releases)

    def run(trouble, *words):
        enter = ["unshare", "--mount", "--map-root-user", "sh", "-c", IN_A_VOLUME, "sh", volume, releases, trouble]
        words = [sys.executable, "-B", *words]
        done = subprocess.run([*enter, *words], check=False, capture_output=True, text=True)
        if done.returncode == 77 or "unshare" in done.stderr:
            pytest.skip(f"nothing can be mounted here: {done.stderr}")
        return done.returncode, done.stderr

    run.volume = volume
    return run


def add_locks(releases):
    (releases / ".lock").write_text("2")
    (releases / ".pin.lock").touch()


def as_command(code):
    """Runs code the way commands of the trainer's end."""
    indented = "\n".join(f"    {line}" for line in code.strip().splitlines())
    return f"{SCRIPT}\ndef act():\n{indented}\n    return 0\n\nsys.exit(run(act))"


WHY = {"full": "No space left on device", "read-only": "Read-only file system"}


@pytest.mark.parametrize(
    ("trouble", "code"), [*((trouble, code) for trouble in WHY for code in (PUBLISH, PIN)), ("read-only", REMOVE)]
)
def test_publishing_pinning_and_removing_change_nothing_and_say_why(inside, trouble, code):
    status, said = inside(trouble, "-c", as_command(code), inside.volume)
    assert (status, said.count("\n")) == (1, 1), said
    assert said.startswith(f"cannot change the releases in {inside.volume}: ")
    assert WHY[trouble] in said


def test_a_removal_needs_no_room(inside):
    assert inside("full", "-c", as_command(REMOVE), inside.volume) == (79, "")


# No file may get a byte, which anybody may ask for: like a full volume, but for the words of the reason. The folder for
# temporary files is looked for before, by writing to it.
NO_ROOM = """
import resource, tempfile
tempfile.gettempdir()
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
"""


@pytest.mark.parametrize(("code", "status"), [(PUBLISH, 1), (PIN, 1), (REMOVE, 0)])
def test_without_room_what_writes_changes_nothing_and_what_removes_goes_on(tmp_path, code, status):
    for version in (1, 2):
        add_release(tmp_path, version)
    add_locks(tmp_path)
    before = contents(tmp_path)
    command = [sys.executable, "-B", "-c", NO_ROOM + as_command(code), tmp_path]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (status, status), done.stderr
    assert done.stderr.startswith(status * f"cannot change the releases in {tmp_path}: ")
    assert (contents(tmp_path) == before) is bool(status)


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
