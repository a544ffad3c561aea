"""The generated set has the structure it promises."""

import numpy as np
import pytest

from trainer.data import load
from trainer.data.synthetic import TASTE_GROUPS, generate, taste_group


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "synthetic"
    generate(folder)
    return load(folder, "synthetic")


@pytest.fixture(scope="module")
def favourite(data):
    """Whether a movie has a favourite genre of the person's taste group: [u, m] bool."""
    groups = [set(TASTE_GROUPS[taste_group(user_id)]) for user_id in data.user_ids]
    return np.array([[bool(group & set(movie.genres)) for movie in data.movies] for group in groups])


def test_everyone_rates_at_least_twenty_movies_once(data):
    assert np.bincount(data.user).min() >= 20
    assert len(data.latest().user) == len(data.user)
    assert (len(data.user_ids), len(data.movies)) == (300, 400)


def test_people_watch_and_like_what_their_taste_group_favours(data, favourite):
    watched = favourite[data.user, data.row]
    assert watched.mean() > 2 * favourite.mean()
    assert data.rating[watched].mean() > data.rating[~watched].mean() + 1


def test_popularity_has_a_long_tail(data):
    counts = np.sort(np.bincount(data.row, minlength=len(data.movies)))[::-1]
    assert counts[:40].sum() > counts[200:].sum()


def test_taste_beats_popularity(data):
    """What one's group watched predicts a held-out fifth far better than what everyone watched."""
    test = np.random.RandomState(37).permutation(len(data.user)) % 5 == 0
    seen = np.zeros((len(data.user_ids), len(data.movies)))
    seen[data.user[~test], data.row[~test]] = 1
    group = np.array([taste_group(user_id) for user_id in data.user_ids])
    by_group = np.array([seen[group == g].sum(axis=0) for g in range(len(TASTE_GROUPS))])[group]

    def hits(score):
        top = np.argsort(-np.where(seen > 0, -1, score), axis=1)[:, :20]
        return sum(row in top[user] for user, row in zip(data.user[test], data.row[test], strict=True))

    assert hits(by_group) > 2 * hits(np.broadcast_to(seen.sum(axis=0), seen.shape))


def test_the_same_seed_writes_the_same_bytes(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(tmp_path / name, seed=seed, num_users=3, num_movies=40)
    a, b, c = ((tmp_path / name / "u.data").read_bytes() for name in "abc")
    assert a == b != c


def test_generating_again_leaves_other_files_alone(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    generate(folder, num_users=3, num_movies=40)
    generate(folder, seed=2, num_users=3, num_movies=40)
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", "u.data", "u.item", "u.user"]


def test_too_few_movies_are_refused(tmp_path):
    with pytest.raises(ValueError, match="num_users, num_movies are 3, 39, allowed is at least 1 and 40"):
        generate(tmp_path / "set", num_users=3, num_movies=39)
