"""Which ways of writing a title are the same: articles, accents, numerals, the year, two titles in one."""

import re
import unicodedata

_ARTICLES = (
    "the|a|an|l'|le|la|les|un|une|der|die|das|den|ein|eine|el|los|las|una|il|lo|gli|i|o|os|as|de|het|een|det|en|ett"
)
_MOVED_ARTICLE = re.compile(rf"(.+), ({_ARTICLES})", re.IGNORECASE)
_YEAR_AT_END = re.compile(r"(.*\S)\s*(?:\(((?:18|19|20)\d\d)\)|\s((?:18|19|20)\d\d))")
# Sequels are numbered in all these ways.
NUMBERS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ROMANS = ["ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"]
_NUMERALS = dict(zip(_ROMANS, NUMBERS, strict=True)) | {str(i): word for i, word in enumerate(NUMBERS, start=2)}


def split_year(text: str) -> tuple[str, int | None]:
    """Returns a title without the year at its end, as in "Heat (1995)" or "Heat 1995", and that year."""
    dated = _YEAR_AT_END.fullmatch(text.strip())
    return (dated[1], int(dated[2] or dated[3])) if dated else (text, None)


def spellings(title: str) -> list[list[str]]:
    """Returns the words of a title and of each other title in its brackets, each with and without a moved article.

    Last is the title itself, its article in front: of "Postino, Il (The Postman)" these are "the postman", "postino"
    and "il postino".
    """
    inside = re.findall(r"\(([^()]*)\)", title)
    outside = re.sub(r"\([^()]*\)", " ", title)
    parts = [*inside, outside] if outside.strip() or not inside else inside
    return [spelt for part in parts for spelt in _of_part(part.strip())]


def words(text: str) -> list[str]:
    """Returns the words of a text without case, accents and punctuation, small numbers spelt out; one at least."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    # E.T., Schindler's and M*A*S*H are written in many ways.
    found = re.findall(r"\w+", re.sub(r"[.'’*]", "", plain).replace("&", " and ")) or [plain]
    return [_NUMERALS.get(word, word) for word in found]


def _of_part(part: str) -> list[list[str]]:
    moved = _MOVED_ARTICLE.fullmatch(part)
    if not moved:
        return [words(part)]
    between = "" if moved[2].endswith("'") else " "
    return [words(moved[1]), words(moved[2] + between + moved[1])]
