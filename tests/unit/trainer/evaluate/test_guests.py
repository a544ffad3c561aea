"""People held out whole are known by their history alone."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trainer.people import dataset_of, random_lists
from trainer.data import DataError
from trainer.evaluate.accuracy import SERVED
from trainer.evaluate.guests import KNOWN, measure_guests, measure_strong
from trainer.evaluate.served import ServedRelease
from trainer.histories import Histories
from trainer.metrics import means
from trainer.rating.blend import MEAN_DAMPING


@pytest.fixture(scope="module")
def served(release):
    return ServedRelease(release.root, 1, release.dataset.user_ids.tolist())


class Bench:
    """Remembers what was to be trained on, and answers with a release that is there."""

    seeds = (1,)

    def __init__(self, dataset, release):
        self.dataset, self.release, self.trained_on = dataset, release, None

    def train_with(self, dataset, seed):
        self.trained_on = dataset
        return self.release


def test_guests_are_held_out_whole_and_judged_after_their_twentieth_rating(served, release):
    bench = Bench(release.dataset, served)
    measured = measure_guests(bench)
    left = np.unique(bench.trained_on.user)
    guests = np.setdiff1d(np.unique(release.dataset.user), left)
    assert len(bench.trained_on.rating) == np.isin(release.dataset.user, left).sum()
    asked = np.zeros(300)
    asked[guests] = release.histories.lengths[guests] - 20
    assert list(measured.parts) == [f"guests_{count}_ratings" for count in KNOWN]
    for systems in measured.parts.values():
        assert (
            systems[SERVED]["rmse"].weight.tolist() == systems["movie_mean"]["rmse"].weight.tolist() == asked.tolist()
        )


def test_the_movie_mean_is_shrunk_to_the_mean_of_all(served, release):
    bench = Bench(release.dataset, served)
    found = measure_guests(bench).parts["guests_0_ratings"]["movie_mean"]["mae"]
    others, everyone = bench.trained_on, release.histories
    guest = int(np.setdiff1d(np.unique(release.dataset.user), np.unique(others.user))[0])
    rows, stars = (
        part[everyone.offsets[guest] + 20 : everyone.offsets[guest + 1]] for part in (everyone.rows, everyone.ratings)
    )
    mean = others.rating.mean(dtype=float)
    expected = [np.append(others.rating[others.row == row], [mean] * int(MEAN_DAMPING)).mean() for row in rows]
    assert found.total[guest] == pytest.approx(np.abs(expected - stars).sum(), rel=1e-5)


def test_a_guest_with_the_history_of_someone_known_gets_their_stars_and_list(served, release):
    """The tower encodes histories as it stored them."""
    people = np.arange(20)
    rows, ratings = release.histories.padded(people)
    keep = rows >= 0
    offsets = np.concatenate(([0], np.cumsum(keep.sum(axis=1))))
    known = Histories(offsets, rows[keep], ratings[keep])
    assert served.guest_stars(known, known) == pytest.approx(served.stars(release.histories)[: offsets[-1]], abs=1e-4)
    found = served.guest_lists(known)
    seen, _ = release.histories.padded(people)
    assert (
        found.tolist()
        == release.search(release.embed([str(i) for i in release.dataset.user_ids[:20]]), seen)["movie_row"][
            :, :100
        ].tolist()
    )


def test_strong_generalisation_ranks_the_rest_from_most_of_what_guests_liked(served, release):
    bench = Bench(release.dataset, served)
    measured = measure_strong(bench)
    metrics = measured.parts["strong"][SERVED]
    assert list(measured.parts["strong"]) == [SERVED, "popularity", "ease"]
    assert measured.details["baselines_out_of_time"] == []
    assert bench.trained_on.rating.min() >= 4
    left = np.unique(bench.trained_on.user)
    assert 0 < metrics["ndcg_at_100"].weight.sum() <= 300 - len(left)
    assert metrics["ndcg_at_100"].weight[left].sum() == 0
    for system in measured.parts["strong"].values():
        for metric in system.values():
            assert ((metric.total >= 0) & (metric.total <= 1 + 1e-9)).all()
            assert metric.weight.tolist() == metrics["ndcg_at_100"].weight.tolist()


def test_taste_that_others_share_is_found_by_ease_for_strangers_and_not_by_popularity():
    """Two camps as large as each other: who likes movies of one of them likes the rest of it."""
    camps = [[(row + camp, 5.0) for row in range(0, 20, 2)] for camp in (0, 1)]
    dataset = dataset_of(*camps * 30, num_movies=20)

    class Nothing:
        def guest_lists(self, known):
            return np.full((len(known), 100), -1)

    systems = measure_strong(Bench(dataset, Nothing())).parts["strong"]
    values = {name: means(metrics)["ndcg_at_100"] for name, metrics in systems.items()}
    assert values["ease"] == pytest.approx(1.0)
    assert values[SERVED] == 0 < values["popularity"] < 0.8


@pytest.mark.parametrize("measure", [measure_guests, measure_strong])
def test_data_with_too_few_ratings_are_refused_by_name(measure, served):
    dataset = dataset_of([(0, 5.0)], [(0, 5.0), (1, 4.0)], num_movies=4)
    with pytest.raises(DataError, match=r"needs at least 2 people with (30|5) ratings or more, this data has 0"):
        measure(Bench(dataset, served))


def test_what_a_guest_rated_in_one_second_is_known_in_file_order(release):
    """Everyone's ratings are of two seconds, the second for the last alone; movies run down the file."""
    lists = [[(row, 3.0) for row in range(39, -1, -1)] for _ in range(4)]
    dataset = dataset_of(*lists, num_movies=40)
    times = (np.arange(160) % 40 == 39).astype(np.int64)
    bench, known = Bench(replace(dataset, timestamp=times), None), []

    class Listener:
        def guest_stars(self, history, asked):
            known.append(history)
            return np.full(len(asked.rows), 3.0)

    bench.release = Listener()
    measure_guests(bench)
    assert [sorted(set(history.rows.tolist())) for history in known[1:3]] == [[39], [37, 38, 39]]


def test_guests_without_times_are_refused(served):
    dataset = dataset_of(*random_lists(4, 40, length=35), num_movies=40)
    alike = replace(dataset, timestamp=np.zeros(len(dataset.user), np.int64))
    with pytest.raises(DataError, match="no order of time"):
        measure_guests(Bench(alike, served))
