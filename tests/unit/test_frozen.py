from dataclasses import replace

from server.frozen import frozen


@frozen
class Value:
    name: str
    size: int = 1


def test_values_of_the_same_fields_are_the_same() -> None:
    assert Value("a") == Value("a", 1) != Value("a", 2)
    assert {Value("a"), Value("a"), replace(Value("a"), size=2)} == {Value("a"), Value("a", 2)}
