"""Alert rules name metrics and label values that there are."""

import re

import grpc
import promql_parser
import pytest
import yaml
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.gateway import metrics
from server.recommender.lists import Source
from tests.integration.deploy_files.dockerfile import REPOSITORY

PROMETHEUS = REPOSITORY / "deploy" / "prometheus"
RULES = [
    rule for group in yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text())["groups"] for rule in group["rules"]
]
(SCRAPED,) = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text())["scrape_configs"]
KNOWN = {
    "job": {SCRAPED["job_name"]},
    "source": {source.value for source in Source},
    "code": {code.name for code in grpc.StatusCode},
    "rpc": {method.name for method in service_pb2.DESCRIPTOR.services_by_name["PairRecommendationService"].methods},
}


def exported() -> set[str]:
    """The names of all series of the gateway."""
    own = [value for value in vars(metrics).values() if hasattr(value, "describe") and not isinstance(value, type)]
    of_kind = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    return {each.name + end for metric in own for each in metric.describe() for end in of_kind[each.type]}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_there_is(rule):
    expression = str(promql_parser.parse(rule["expr"]))
    assert set(re.findall(r"pairrec_\w+", expression)) <= exported()
    asked = re.findall(r'(\w+)="([^"]*)"', expression)
    assert [(label, value) for label, value in asked if value not in KNOWN[label]] == []
    assert "up{" in expression or "pairrec_" in expression
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"]
