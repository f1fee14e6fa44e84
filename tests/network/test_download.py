"""Does a download end in a network when a map service answers, and in a clear refusal when none does?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result

from fom.cli import main
from fom.errors import InvalidInput, ServiceUnreachable
from fom.network.artefact import load_network
from fom.network.download import NO_TURNS, download_roads
from tests.network.osm_writing import LAT0, LON0, STEP, Drawing

ROADS = Drawing(
    {"a": (0, 0), "b": (5, 0), "c": (10, 0), "d": (5, 5)},
    [("a b c", {"highway": "primary", "name": "One"}), ("d b", {"highway": "track"})],
    {"b": {"ford": "yes"}},
)
BOX = "29.999,4.999,30.011,5.006"


class MapService(BaseHTTPRequestHandler):
    """The answers of an Overpass service that knows one drawing."""

    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Answer a query with all nodes and ways."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append(body)
        nodes: list[dict[str, Any]] = [
            {"type": "node", "id": ROADS.node_id(n), "lon": LON0 + x * STEP, "lat": LAT0 + y * STEP,
             "tags": ROADS.node_tags.get(n, {})}
            for n, (x, y) in ROADS.places.items()
        ]  # fmt: skip
        ways = [
            {"type": "way", "id": i, "nodes": [ROADS.node_id(n) for n in names.split()], "tags": tags}
            for i, (names, tags) in enumerate(ROADS.ways, start=1)
        ]
        answer = json.dumps({"elements": [] if "ferry" in body else nodes + ways}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def service() -> Iterator[str]:
    """Return the address of a running map service."""
    server = HTTPServer(("127.0.0.1", 0), MapService)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    server.server_close()


def download(area: str, folder: Path, url: str) -> Result:
    return CliRunner().invoke(main, ["network", "download", area, "--out", str(folder / "net"), "--overpass-url", url])


def test_a_box_is_downloaded_and_equals_the_same_roads_from_a_file(tmp_path: Path, service: str) -> None:
    done = download(BOX, tmp_path, service)
    assert done.exit_code == 0, done.output
    network = load_network(tmp_path / "net")
    from_file = ROADS.build(tmp_path, max_length_m=1000)
    assert network.segment_ids.tolist() == from_file.segment_ids.tolist()
    assert network.manifest["source"]["area"] == BOX
    assert NO_TURNS in done.output
    assert any("unclassified" in body for body in MapService.asked)


def test_without_an_answering_service_the_command_says_so_and_writes_nothing(tmp_path: Path) -> None:
    done = download(BOX, tmp_path, "http://127.0.0.1:9/api")
    assert done.exit_code == 2
    assert "is this machine online?" in done.output
    assert "`network build`" in done.output
    assert not (tmp_path / "net").exists()


def test_an_unreachable_service_is_its_own_error() -> None:
    with pytest.raises(ServiceUnreachable):
        download_roads(BOX, overpass_url="http://127.0.0.1:9/api")


@pytest.mark.parametrize("box", ["30,5,29,6", "30,6,31,5", "30,5,33,6", "200,5,201,6", "30,-95,31,-94"])
def test_a_wrong_or_huge_box_is_refused_before_anybody_is_asked(box: str) -> None:
    with pytest.raises(InvalidInput, match="area"):
        download_roads(box, overpass_url="http://127.0.0.1:9/api")
