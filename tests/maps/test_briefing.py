"""Is the briefing map one file that needs nothing, says from when it is, and never runs what a report says?"""

import re
from pathlib import Path

import pytest

from fom.domain.instants import parse_instant
from fom.errors import BadReferenceData
from fom.maps.briefing import VENDOR, briefing_map, inline_everything, state_lines

AT = parse_instant("2026-11-23T14:32:00Z")
ROUTE = {
    "type": "Feature",
    "geometry": {"type": "LineString", "coordinates": [[30, 5], [30.1, 5], [30.2, 5], [30.3, 5]]},
    "properties": {
        "code": "MSR HERON",
        "segments": [[0, 0, 0, 1, None, None], [1, 0, 1, 2, None, None], [2, 0, 2, 3, None, None]],
    },
}
HAZARD = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [30.1, 5.001]},
    "properties": {"part": "point", "symbol": "sha", "label": "<img src=x onerror=alert(1)>", "radius_m": 86.0},
}
needs_vendor = pytest.mark.skipif(not (VENDOR / "leaflet").exists(), reason="static/vendor is empty: run `make setup`")


TOWN = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [30.2, 5.02]},
    "properties": {"kind": "town", "name": "Tolmek <b>", "population": 20_000},
}


def make(**changes: object) -> str:
    lines = state_lines(ROUTE, {0: "O", 1: "R", 2: "X"})
    given: dict[str, object] = {
        "title": "Kes & co",
        "classification": "confidential",
        "at": AT,
        "bounds": (30, 4.9, 30.3, 5.1),
    }
    given["credit"] = None
    return briefing_map({"routes": lines, "hazards": [HAZARD]}, [TOWN], **{**given, **changes}).decode()


@needs_vendor
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_file_names_no_other_host_and_carries_its_own_map_library(theme: str) -> None:
    html = make(theme=theme)
    assert re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=", html) == []
    assert "Leaflet" in html
    assert "231432Z NOV 26" in html
    assert "does not update itself" in html
    assert "CONFIDENTIAL" in html
    assert "Kes &amp; co" in html


@needs_vendor
def test_the_file_names_who_made_its_map_data_where_somebody_must_be_named() -> None:
    assert "© Somebody &amp; others" in make(credit="© Somebody & others")
    assert '<p class="briefing-credit">' not in make()


@needs_vendor
def test_words_of_a_report_stay_words() -> None:
    assert "<img src=x" not in make()


def test_runs_of_one_state_are_one_line_and_lines_meet() -> None:
    lines = state_lines(ROUTE, {0: "O", 1: "O", 2: "R"})
    assert [line["properties"]["state"] for line in lines] == ["O", "R"]
    assert lines[0]["geometry"]["coordinates"][-1] == lines[1]["geometry"]["coordinates"][0] == [30.2, 5]
    assert ROUTE["geometry"]["coordinates"] == [[30, 5], [30.1, 5], [30.2, 5], [30.3, 5]]


@needs_vendor
def test_anything_left_that_would_be_fetched_is_an_error() -> None:
    with pytest.raises(BadReferenceData, match=r"cdn\.example"):
        inline_everything('<html><head></head><body><img src="https://cdn.example/pin.png"></body></html>')
    with pytest.raises(BadReferenceData):
        inline_everything("<html><head><style>@import 'x.css'</style></head></html>")


def test_without_browser_packages_it_says_what_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("fom.maps.briefing.VENDOR", tmp_path)
    with pytest.raises(BadReferenceData, match="make setup"):
        inline_everything("<html><head></head></html>")
