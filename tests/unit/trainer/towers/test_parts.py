"""The parts of the notebooks' models, on numbers that can be worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tests.unit.trainer.people import dataset_of, histories_of
from trainer.rating.features import genre_flags
from trainer.retrieval.ridge import RatingScale
from trainer.towers.content import PersonTower
from trainer.towers.id_towers import IdTowers, IdTowerSettings, fit_id_towers
from trainer.towers.layers import Layers
from trainer.towers.served import DeviationEncoder, HeadStars, LearnedEncoder

RANDOM = np.random.default_rng(0)


def dense(*sizes):
    tf.keras.utils.set_random_seed(0)
    layers = [tf.keras.layers.Dense(size, activation="relu") for size in sizes[:-1]]
    model = tf.keras.Sequential([*layers, tf.keras.layers.Dense(sizes[-1])])
    model.build((None, 4))
    return model


@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 1.0), (0.5, 2.0)])
def test_the_loss_is_both_tasks_by_weight(weights):
    """Of three ratings in one batch: squared errors, and the softmax of each movie among the three."""
    tf.keras.utils.set_random_seed(0)
    towers = IdTowers(2, 3, IdTowerSettings(*weights, dim=4, hidden=(8,)))
    user, row, given = np.array([0, 1, 1]), np.array([2, 0, 1]), np.float32([5, 3, 1])
    loss = towers.compute_loss({"user": user, "row": row, "rating": given})
    people, movies = towers.people(user).numpy(), towers.movies(row).numpy()
    stars = towers.head(np.hstack((people, movies))).numpy()[:, 0]
    logits = people @ movies.T
    own = np.log(np.exp(logits).sum(axis=1)) - np.diag(logits)
    assert float(loss) == pytest.approx(weights[0] * np.mean((stars - given) ** 2) + weights[1] * own.sum(), rel=1e-5)


def test_towers_learn_who_rates_what():
    """Even people rate even movies, odd ones odd."""
    lists = [[(row, 4.0) for row in range(person % 2, 10, 2)] for person in range(20)]
    settings = IdTowerSettings(0.0, 1.0, dim=8, batch_size=25, epochs=30)
    towers = fit_id_towers(dataset_of(*lists, num_movies=10), settings, 1)
    scores = towers.people.get_weights()[0] @ towers.movies.get_weights()[0].T
    own = np.add.outer(np.arange(20), np.arange(10)) % 2 == 0
    assert scores[own].min() > scores[~own].max()


def test_layers_answer_as_those_they_were_taken_from():
    trained, inputs = dense(8, 6, 1), RANDOM.normal(size=(2, 5, 4)).astype(np.float32)
    assert Layers(trained)(inputs).numpy() == pytest.approx(trained(inputs).numpy(), abs=1e-6)


def test_a_head_rates_each_movie_from_the_end_of_the_query_and_the_movie():
    """In stars of 1 to 5, here brought to 0 to 100."""
    head, movies, queries = dense(8, 1), RANDOM.normal(size=(3, 2)), RANDOM.normal(size=(2, 5))
    stars = HeadStars(Layers(head), movies.astype(np.float32), RatingScale(0, 100)).predict(
        queries.astype(np.float32), [[2, 0], [1, 1]]
    )
    asked = np.float32([[[*queries[i, 3:], *movies[row]] for row in rows] for i, rows in enumerate([[2, 0], [1, 1]])])
    assert stars.numpy() == pytest.approx((head(asked).numpy()[..., 0] - 1) * 25, abs=1e-4)


def test_a_learned_encoder_finds_the_map_behind_known_people():
    """Each is the sum of what they watched over the root of one more than its count, and those liked once more."""
    movies = RANDOM.normal(size=(30, 3)).astype(np.float32)
    lists = [[(int(row), 1.0 + 4.0 * (row % 2)) for row in RANDOM.permutation(30)[:6]] for _ in range(400)]
    histories = histories_of(*lists)
    people = np.array([sum(movies[row] for row, _ in own) / np.sqrt(7) for own in lists], np.float32)
    encoder = LearnedEncoder(movies, people, histories)
    assert encoder.encode(*histories.padded(np.arange(9))).numpy() == pytest.approx(people[:9], abs=0.1)


def test_a_learned_encoder_takes_someone_without_a_history_for_the_average():
    histories = histories_of([(0, 5.0)], [(1, 3.0)], [])
    encoder = LearnedEncoder(np.eye(2, dtype=np.float32), np.float32([[1, 2], [3, 4], [99, 99]]), histories)
    nobody = encoder.encode(tf.constant([[-1, 7]]), tf.constant([[5.0, 5.0]])).numpy()
    assert nobody == pytest.approx(np.array([[2.0, 3.0]]))


def test_a_deviation_is_shrunk_and_of_rated_movies_alone():
    """Five ratings, each 1 above the mean, beside five that everyone is given; watched and padding count nothing."""
    encoder = DeviationEncoder(np.full(8, 3.0))
    rows, ratings = [[0, 1, 2, 3, 4, 5, -1], [-1] * 7], [[4.0] * 5 + [np.nan, 5.0], [np.nan] * 7]
    assert encoder.encode(tf.constant(rows), tf.constant(ratings)).numpy().ravel().tolist() == [0.5, 0.0]


@pytest.fixture
def layers():
    trained = tf.keras.Sequential([tf.keras.layers.Dense(4, bias_initializer="ones")])
    trained.build((None, 3))
    return Layers(trained)


@pytest.fixture
def person_tower(layers):
    """Of movies 0 to 3: a comedy, a drama, a war film, a comedy."""
    flags = genre_flags(dataset_of([(0, 3.0)], num_movies=4))
    return PersonTower(layers, flags, (np.full(3, 3.0), np.ones(3)))


def test_a_history_is_its_mean_stars_a_genre(person_tower, layers):
    """3.5 of comedies, none of dramas, 1 of war films, where 3 is usual."""
    rows, ratings = tf.constant([[0, 3, 2, 1, -1]]), tf.constant([[5.0, 2.0, 1.0, np.nan, 4.0]])
    towards = layers(tf.constant([[0.5, 0.0, -2.0]])).numpy()
    assert person_tower.encode(rows, ratings).numpy() == pytest.approx(towards / np.linalg.norm(towards), abs=1e-6)
