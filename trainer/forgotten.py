"""Who asked to be forgotten: a list kept with the releases, which everything trained into them leaves out."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from trainer.data import DataError
from trainer.release.publish import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from trainer.data import Dataset

FORGOTTEN = "forgotten.json"


@dataclass(frozen=True)
class Forgotten:
    """The people of one releases folder who are to be forgotten.

    The list does not hold their ids, only what HMAC-SHA256 makes of them with the list's own key.

    Attributes:
        key: Drawn for this list, in hexadecimal.
        people: Digests in hexadecimal.
    """

    key: str = field(default_factory=lambda: secrets.token_hex(32))
    people: frozenset[str] = frozenset()

    @classmethod
    def read(cls, root: Path) -> Forgotten:
        """Reads the list of a releases folder; without one nobody is forgotten yet.

        Raises:
            DataError: It cannot be read, or is no such list.
        """
        path = root / FORGOTTEN
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            bytes.fromhex(document["key"])
            return cls(document["key"], frozenset(document["people"]))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, TypeError, KeyError) as error:
            way_out = "restore it from a backup, as without it those who were forgotten would come back"
            raise DataError(f"{path}: cannot be read ({error!r}); {way_out}") from error

    def write(self, root: Path) -> None:
        """Writes the list, whole or not at all."""
        text = json.dumps({"key": self.key, "people": sorted(self.people)}, indent=2)
        replace_file(root / FORGOTTEN, lambda path: path.write_text(text + "\n", encoding="utf-8"))

    def adding(self, user_id: str) -> Forgotten:
        """Returns the list with one person more, or the same where they are on it."""
        return replace(self, people=self.people | {self._digest(user_id)})

    def among(self, user_ids: Iterable[str]) -> np.ndarray:
        """Returns which of some people are on the list, [n] bool."""
        return np.array([self._digest(user_id) in self.people for user_id in user_ids], bool)

    def leave_out(self, dataset: Dataset) -> Dataset:
        """Returns the data without those on the list and their interactions; movies and rows stay as they are.

        Raises:
            DataError: Nobody is left.
        """
        kept = ~self.among(dataset.user_ids.tolist())
        if not kept.any():
            raise DataError(f"{dataset.name}: everyone in it was forgotten, so nobody is left to train on")
        return dataset.of_people(kept)

    def _digest(self, user_id: str) -> str:
        return hmac.digest(bytes.fromhex(self.key), user_id.encode("utf-8", "surrogatepass"), "sha256").hex()
