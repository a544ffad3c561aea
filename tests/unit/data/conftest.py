"""A tiny folder in MovieLens-100K's format whose reading is known by construction."""

from collections.abc import Callable
from pathlib import Path

import pytest

FLAGS = "0|" * 18 + "1"
FILES = {
    "u.data": ["7\t10\t5\t100", "12\t2\t1\t300", "7\t3\t4\t200", "7\t10\t2\t400"],
    "u.item": [
        f"2|Matrix, The (1999)|01-Jan-1999|||{FLAGS}",
        f"10|Amélie (2001)||||{FLAGS}",
        f"3|unknown||||{FLAGS}",
    ],
    "u.user": ["12|24|M|technician|85711", "7|53|F|other|94043"],
}

WriteFolder = Callable[..., Path]


@pytest.fixture
def write_folder(tmp_path: Path) -> WriteFolder:
    """Writes FILES, with some of them replaced (a list of lines) or left out (None)."""

    def write(changes: dict[str, list[str] | None] | None = None) -> Path:
        for name, lines in {**FILES, **(changes or {})}.items():
            if lines is not None:
                (tmp_path / name).write_bytes("".join(f"{line}\n" for line in lines).encode("latin-1"))
        return tmp_path

    return write


@pytest.fixture
def flags() -> str:
    """The nineteen genre flags of a western."""
    return FLAGS
