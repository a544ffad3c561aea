from server.gateway.deadline import Deadline


def test_a_margin_is_kept_back_of_enough_time() -> None:
    assert 98 < Deadline.before(100, margin_seconds=1).remaining_seconds() <= 99


def test_a_margin_takes_a_quarter_of_little_time_at_most() -> None:
    assert 74 < Deadline.before(100, margin_seconds=99).remaining_seconds() <= 75
