"""The newest release of a folder, with its models in this process."""

from pathlib import Path
from typing import NamedTuple

from server.recommender.catalog import Catalog
from server.recommender.in_process import InProcessModels


class Opened(NamedTuple):
    catalog: Catalog
    models: InProcessModels
    people: list[str]


def open_newest(root: Path) -> Opened:
    version = max(int(path.name) for path in (root / "catalog").iterdir() if path.name.isdecimal())
    catalog = Catalog.open(root / "catalog" / str(version))
    people = [catalog.user_id(position) for position in range(catalog.info.data.num_users)]
    return Opened(catalog, InProcessModels(root, version), people)
