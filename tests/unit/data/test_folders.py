"""Which folder is read."""

from pathlib import Path

import pytest

from trainer.data import load, resolve


@pytest.mark.parametrize("dataset", [None, "ml-100k"])
def test_a_folder_of_ones_own_wins(tmp_path: Path, dataset):
    assert resolve(dataset, tmp_path / "mine", tmp_path / "cache") == tmp_path / "mine"
    assert list(tmp_path.iterdir()) == []


def test_a_generated_set_is_made_in_the_cache(tmp_path: Path):
    folder = resolve("synthetic", None, tmp_path)
    assert folder == tmp_path / "synthetic"
    assert len(load(folder, "synthetic").user_ids) == 300


def test_an_unknown_data_set_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="dataset is 'ml-1m', allowed is one of ml-100k, synthetic"):
        resolve("ml-1m", None, tmp_path)
