"""What people are told of a release beside its table."""

import pytest

from trainer.measure import SystemMetrics
from trainer.report import worse_than_simple


def systems(ndcg, rmse):
    return (
        SystemMetrics("popularity", False, {"ndcg_at_10": 0.2}),
        SystemMetrics("mf", True, {"ndcg_at_10": ndcg}),
        SystemMetrics("bias", False, {"rmse": 0.9}),
        SystemMetrics("ranking_head", True, {"rmse": rmse}),
    )


@pytest.mark.parametrize(
    ("ndcg", "rmse", "said"),
    [
        (0.1, 0.8, "NDCG@10 0.100, popularity 0.200"),
        (0.3, 1.0, "RMSE 1.000, bias 0.900"),
        (0.1, 1.0, "NDCG@10 0.100, popularity 0.200; RMSE 1.000, bias 0.900"),
    ],
)
def test_what_is_worse_than_a_simple_baseline_is_said(ndcg, rmse, said):
    assert worse_than_simple(systems(ndcg, rmse)) == f"What is served is worse than a simple baseline: {said}"


def test_nothing_is_said_of_what_is_as_good_or_was_not_measured():
    assert worse_than_simple(systems(0.2, 0.9)) == ""
    assert worse_than_simple([SystemMetrics(system.system, system.served, {}) for system in systems(0, 0)]) == ""
