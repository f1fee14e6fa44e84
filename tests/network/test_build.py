"""Does a small OSM file become the network that its drawing shows?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fom.network.build import build_network
from tests.network.osm_writing import Drawing

CROSS = {"a": (0, 0), "b": (5, 0), "c": (10, 0), "d": (5, 5), "e": (5, -5)}


def test_a_built_network_loads_with_the_segments_of_its_drawing(tmp_path: Path) -> None:
    drawing = Drawing(CROSS, [("a b c", {"highway": "primary"}), ("d b", {"highway": "track"})])
    network = build_network(drawing.write(tmp_path / "cross.osm.pbf"), tmp_path / "net")
    assert network.n_segments == 3
    assert len(network.node_lonlat) == 4
    assert network.length_m == pytest.approx([556.6, 556.6, 552.9], abs=0.2)
    words = [network.highway_words[h] for h in network.highway]
    assert sorted(words) == ["primary", "primary", "track"]
    assert not np.asarray(network.coords).flags.writeable
