"""Which ways of writing a title are the same."""

import pytest

from server.spelling import spellings, split_year, words


@pytest.mark.parametrize(
    ("title", "spelt"),
    [
        ("Heat", ["heat"]),
        ("Matrix, The", ["matrix", "the matrix"]),
        ("Postino, Il (The Postman)", ["the postman", "postino", "il postino"]),
        ("Enfer, L'", ["enfer", "lenfer"]),
        ("(Heat)", ["heat"]),
        ("()", [""]),
    ],
)
def test_a_title_is_found_by_each_of_its_spellings(title, spelt):
    assert [" ".join(each) for each in spellings(title)] == spelt


@pytest.mark.parametrize("text", ["Rocky 2", "rocky II", "Rócky: Two!"])
def test_case_accents_punctuation_and_numerals_make_no_other_title(text):
    assert words(text) == ["rocky", "two"]


def test_what_has_no_words_is_one():
    assert words("???") == ["???"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Heat (1995)", ("Heat", 1995)),
        ("Heat 1995 ", ("Heat", 1995)),
        ("Heat(1995)", ("Heat", 1995)),
        ("1984", ("1984", None)),
        ("Heat 95", ("Heat 95", None)),
    ],
)
def test_a_year_at_the_end_is_no_part_of_the_title(text, parts):
    assert split_year(text) == parts
