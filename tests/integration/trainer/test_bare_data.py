"""Data without genres and times, as notebook B's are: trained, served and asked."""

import numpy as np
import pytest
from google.protobuf.json_format import MessageToDict

from tests.integration.gateway.processes import eventually, gateway, model_server
from tests.unit.data.written import Film, Row, netflix_csv
from tests.unit.trainer.exported import QUICK
from trainer.data import load
from trainer.progress import Steps
from trainer.train import Training

FILMS = [Film(number, f"Film, {number}", 1950 + number, ()) for number in range(1, 31)]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder, root = tmp_path_factory.mktemp("netflix"), tmp_path_factory.mktemp("releases")
    stars = np.random.default_rng(0).integers(0, 6, (40, len(FILMS)))
    rated = [Row(7 * person + 1, film + 1, int(stars[person, film]), 0) for person, film in np.argwhere(stars)]
    netflix_csv(folder, FILMS, rated[::2])
    Training(load(folder), QUICK, Steps()).run(root)
    with model_server(root) as models, gateway(root, models.port) as asked:
        eventually(lambda: asked.serves(1))
        yield asked


def test_two_people_get_a_list_with_reasons(served):
    members = {"first": {"user_id": "1", "share_history": True}, "second": {"user_id": "8", "share_history": True}}
    answer = MessageToDict(served.ask("RecommendPair", **members, with_reasons=True, page_size=5))
    assert answer["source"] == "SOURCE_MODEL"
    assert len(answer["recommendations"]) == 5
    best = answer["recommendations"][0]
    assert best["movie"]["title"].startswith("Film, ")
    assert "genres" not in best["movie"]
    assert best["first"]["reasons"]


def test_a_genre_is_refused_by_name(served):
    member = {"genre_ratings": {"Comedy": 5}}
    with pytest.raises(Exception, match='is "Comedy"; must be left out: this release knows no genres'):
        served.ask("Recommend", member=member)
