"""Folders of releases as files show them: the catalogue, and models that nobody loads, or those of a release."""

import json
import shutil

from tests.tiny_release import random_release, write_catalog
from trainer.release.publish import ARTEFACTS

NOWHERE = "localhost:1"  # where no gateway is
GOOD = {"ndcg_at_10": 0.45, "recall_at_20": 0.37, "like_ndcg_at_10": 0.39, "rmse": 0.87}
RELEASE = random_release()


def add_release(root, version, metrics=GOOD, models=None, **changes):
    """Adds a release whose metrics are given; `changes` to its release.json, `models` that work to be copied."""
    for model in ARTEFACTS[:-1]:
        if models:
            shutil.copytree(models / model / "1", root / model / str(version))
            continue
        (root / model / str(version)).mkdir(parents=True)
        (root / model / str(version) / "saved_model.pb").touch()
    folder = root / "catalog" / str(version)
    write_catalog(folder, version, RELEASE)
    change_info(folder, metrics=[{"system": "all", "served": True, "values": metrics}], **changes)


def change_info(folder, **changes):
    path = folder / "release.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def releases_in(root):
    """Each artefact and the versions of it that are there."""
    return {name: sorted(int(path.name) for path in (root / name).glob("[0-9]*")) for name in ARTEFACTS}
