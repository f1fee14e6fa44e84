"""The invented history for measuring: a good facts file on any network, the same for the same seed, of every kind."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.make_history import UNTIL, History, read_history, write_history
from fom.domain.closing import act_fault, is_too_early
from fom.domain.facts_file import parse_facts
from fom.domain.instants import DAY_US
from fom.domain.knowledge import is_valid
from fom.domain.records import RECORD_CLASSES, ClosingAct, Retraction
from fom.network.drawn import load_network_file
from fom.network.network import Network
from fom.picture.picture import Picture
from fom.picture.question import Question

SIDE = 6


pytestmark = pytest.mark.deep  # what the bench is made of; the gate builds the demo


@pytest.fixture(scope="module")
def network() -> Network:
    """Return a grid of roads of about a kilometre, each in a few bends."""
    features = []
    for i in range(SIDE):
        for j in range(SIDE):
            for k, (di, dj) in enumerate(((1, 0), (0, 1))):
                if i + di < SIDE and j + dj < SIDE:
                    ends = np.array([[i, j], [i + di, j + dj]]) * 0.01 + (30.0, 5.0)
                    line = ends[0] + (ends[1] - ends[0]) * np.linspace(0, 1, 5)[:, None]
                    features.append(
                        {
                            "type": "Feature",
                            "geometry": {"type": "LineString", "coordinates": line.tolist()},
                            "properties": {"segment_id": f"{i}-{j}-{k}", "highway": "primary", "road_type": "X"},
                        }
                    )
    return load_network_file({"type": "FeatureCollection", "features": features})


@pytest.fixture(scope="module")
def written(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "history.json"
    write_history(History(network, 300, 200, 2.0, 5), path)
    return path


def test_it_is_a_facts_file_of_every_kind(network: Network, written: Path) -> None:
    facts = parse_facts(json.loads(written.read_text()), network=network)
    assert {record.kind for record in facts.records} == set(RECORD_CLASSES)
    received = [record.received for record in facts.records if record.received is not None]
    assert UNTIL - 3 * 366 * DAY_US < min(received) <= max(received) < UNTIL
    assert read_history(written, network).records == facts.records


def test_the_same_seed_gives_the_same_file(network: Network, written: Path, tmp_path: Path) -> None:
    write_history(History(network, 300, 200, 2.0, 5), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == written.read_bytes()
    write_history(History(network, 300, 200, 2.0, 6), tmp_path / "other.json")
    assert (tmp_path / "other.json").read_bytes() != written.read_bytes()


def test_closing_acts_and_retractions_can_work(network: Network, written: Path) -> None:
    records = {record.id: record for record in read_history(written, network).records}
    acts = [r for r in records.values() if isinstance(r, ClosingAct)]
    assert len(acts) > 50
    assert {act_fault(act, records[fact]) for act in acts for fact in act.closes} == {None}
    assert not any(is_too_early(act, records[fact]) for act in acts for fact in act.closes)
    assert all(is_valid(r, records[r.target]) for r in records.values() if isinstance(r, Retraction))


def test_passages_lie_on_roads_and_several_states_come_of_it(network: Network, written: Path) -> None:
    facts = read_history(written, network)
    picture = Picture(network, facts.records)
    passages = picture._bindings.passages
    assert all(len(passages.segments_of[i]) for i in range(passages.n_placements))
    question = Question(UNTIL, UNTIL, facts.profiles["P3"], "mission_military")
    assert len(np.unique(picture.assess(question).states)) >= 3
