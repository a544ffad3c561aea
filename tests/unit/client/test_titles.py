"""Titles where ids are accepted: what is clear is taken, what is not is asked back, nothing is guessed."""

import pytest
from pairrec.v1 import movie_pb2
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.client import PairrecClient
from server.client.cli import main
from server.client.titles import Movies, TitleError

MOVIES = [
    movie_pb2.Movie(movie_id="1", title="Toy Story", year=1995),
    movie_pb2.Movie(movie_id="2", title="Heat", year=1995),
    movie_pb2.Movie(movie_id="3", title="Heat", year=1986),
    movie_pb2.Movie(movie_id="4", title="Matrix, The", year=1999),
    movie_pb2.Movie(movie_id="5", title="Misérables, Les", year=0),
    movie_pb2.Movie(movie_id="6", title="Postino, Il (The Postman)", year=1994),
    movie_pb2.Movie(movie_id="7", title="Heat of the Night, In the", year=1967),
    movie_pb2.Movie(movie_id="8", title="2001 (1968)", year=0),
    movie_pb2.Movie(movie_id="9", title="E.T.", year=1982),
    movie_pb2.Movie(movie_id="10", title="Blade Runner 2049", year=2017),
]


TITLES = [
    ("Toy Story", "1"),
    ("toy  STORY (1995)", "1"),
    ("Heat (1986)", "3"),
    ("Heat(1995)", "2"),
    ("the matrix", "4"),
    ("Matrix", "4"),
    ("Les Miserables", "5"),
    ("Il postino", "6"),
    ("The Postman (1994)", "6"),
    ("2001 (1968)", "8"),
    ("Heat 1986", "3"),
    ("ET", "9"),
    ("blade runner 2049", "10"),
]
NAMES = [*dict(TITLES), "heat", "Toy Stori", "Toy Story (1996)", "Postman"]


def no_id(*names: str) -> service_pb2.ListPopularMoviesResponse:
    return service_pb2.ListPopularMoviesResponse(unknown_movie_ids=names)


@pytest.fixture
def movies(gateway):
    gateway.answers = [no_id(*NAMES), service_pb2.SearchMoviesResponse(movies=MOVIES)]
    with PairrecClient(gateway.address) as client:
        yield Movies(client)


@pytest.mark.parametrize(("name", "movie_id"), TITLES)
def test_a_title_that_only_one_movie_has_is_that_movie(movies, name, movie_id):
    assert movies.ids([name]) == [movie_id]


def test_ids_are_taken_as_they_are_and_asked_about_once(gateway, capsys):
    gateway.answers = [service_pb2.ListPopularMoviesResponse(), service_pb2.SearchMoviesResponse(movies=MOVIES)]
    with PairrecClient(gateway.address) as client:
        assert Movies(client).ids(["50", "187"]) == ["50", "187"]
    [asked] = gateway.asked(service_pb2.ListPopularMoviesRequest)
    assert asked.filter.excluded_movie_ids == ["50", "187"]
    assert capsys.readouterr().err == ""


def test_an_id_that_is_also_a_title_is_the_id_and_said(gateway, capsys):
    found = service_pb2.SearchMoviesResponse(movies=[{"movie_id": "330", "title": "187", "year": 1997}])
    gateway.answers = [service_pb2.ListPopularMoviesResponse(), found]
    with PairrecClient(gateway.address) as client:
        assert Movies(client).ids(["187"]) == ["187"]
    assert capsys.readouterr().err == "pairrec: 187 is taken as an id; as a title it is 187 (1997), id 330\n"


def test_an_id_that_is_the_title_of_the_same_movie_is_not_worth_a_word(gateway, capsys):
    found = service_pb2.SearchMoviesResponse(movies=[{"movie_id": "300", "title": "300", "year": 2006}])
    gateway.answers = [service_pb2.ListPopularMoviesResponse(), found]
    with PairrecClient(gateway.address) as client:
        assert Movies(client).ids(["300"]) == ["300"]
    assert capsys.readouterr().err == ""


def test_a_title_of_several_movies_names_them(movies):
    with pytest.raises(TitleError) as caught:
        movies.ids(["heat"])
    assert str(caught.value) == (
        "several movies are called 'heat': Heat (1995), id 2, Heat (1986), id 3; add the year or give the id"
    )


def test_a_title_nearly_right_is_answered_by_suggestions_not_taken(movies):
    with pytest.raises(TitleError, match=r"no movie is called 'Toy Stori'; did you mean Toy Story \(1995\), id 1, "):
        movies.ids(["Toy Stori"])


def test_a_title_of_another_year_is_not_taken(movies):
    with pytest.raises(TitleError, match=r"no movie is called 'Toy Story \(1996\)'; did you mean"):
        movies.ids(["Toy Story (1996)"])


def test_every_unclear_title_is_named_with_its_flag(gateway, capsys):
    gateway.answers = [no_id("Xyzzy", "Plugh"), no_id("Foo"), service_pb2.SearchMoviesResponse()]
    flags = ["--first-likes", "Xyzzy", "Plugh", "--second", "186", "--not-movies", "Foo"]
    with pytest.raises(SystemExit) as caught:
        main(["pair", *flags, "--address", gateway.address])
    assert caught.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        "pairrec: --first-likes: no movie is called 'Xyzzy'; nothing is spelt like it",
        "pairrec: --first-likes: no movie is called 'Plugh'; nothing is spelt like it",
        "pairrec: --not-movies: no movie is called 'Foo'; nothing is spelt like it",
    ]
    assert gateway.asked(service_pb2.RecommendPairRequest) == []
