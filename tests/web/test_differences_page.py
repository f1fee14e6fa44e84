"""What changed between two moments, as a page without scripts: gained and lost with reasons before and after."""

from __future__ import annotations

import re

import pytest

from tests.web.conftest import Mission
from tests.web.mission import PLACES
from tests.web.test_plans import everything_passed
from tests.web.test_registers import key_route
from tests.web.test_reports import log

THEN, NOW = "2026-03-10T12:10", "2026-03-10T13:00"


@pytest.fixture
def changed(mission: Mission) -> Mission:
    """All roads open at ten past noon; a device beside A-B is reported at half past."""
    everything_passed(mission)
    for row in (
        {"id": "hub", "kind": "hub", "name": "Hub A", "lon": PLACES["A"][0], "lat": PLACES["A"][1]},
        {"id": "town", "kind": "settlement", "name": "Town C", "population": 900, "lon": PLACES["C"][0],
         "lat": PLACES["C"][1]},
    ):  # fmt: skip
        assert mission.program("civil_affairs").post("/api/v1/sites", json=row).status_code == 201
    assert mission.program("duty_officer").post("/api/v1/routes", json=key_route()).status_code == 201
    mission.clock.advance(0.5)
    log(mission)
    mission.clock.advance(0.5)
    return mission


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_what_was_lost_stands_with_the_reason_before_and_after(changed: Mission) -> None:
    page = changed.browser("reporter").get(f"/differences?before_at={THEN}")
    assert page.status_code == 200
    words = text_of(page.text)
    assert re.search(r"Before: Verified: own patrol passage .*? After: Suspected device, \d+ m off", words)
    back = text_of(changed.browser("reporter").get(f"/differences?before_at={NOW}&after_at={THEN}").text)
    assert re.search(r"Before: Suspected device, \d+ m off.*? After: Verified: own patrol passage", back)


def test_what_is_known_today_about_then_differs_less(changed: Mission) -> None:
    browser = changed.browser("reporter")
    known_then = text_of(browser.get(f"/differences?before_at={THEN}&known=then").text)
    known_today = text_of(browser.get(f"/differences?before_at={THEN}&known=today").text)
    set_apart = text_of(browser.get(f"/differences?before_at={THEN}&before_known_at={NOW}").text)
    assert "1 segment differs" in known_then
    assert "0 segments differ" in known_today
    assert "0 segments differ" in set_apart


def test_the_page_opens_with_yesterday_in_the_field(changed: Mission) -> None:
    page = changed.browser("reporter").get("/differences")
    assert page.status_code == 200
    assert 'value="2026-03-09T13:00"' in page.text
    assert "segments differ" not in page.text


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("before_at=", "before_at"),
        ("before_at=yesterday", "before_at"),
        (f"before_at={THEN}&after_at=2026-13-01", "after_at"),
        (f"before_at={THEN}&after_at=9999-01-01T00:00", "after_at"),
        (f"before_at={THEN}&before_known_at=2031-01-01T00:00", "before_known_at"),
        (f"before_at={THEN}&after_known_at=x", "after_known_at"),
        (f"before_at={THEN}&known=never", "known"),
        (f"before_at={THEN}&profile=P99", "profile"),
        (f"before_at={THEN}&user_class=tourists", "user_class"),
    ],
)
def test_what_cannot_be_read_is_told_at_its_field(changed: Mission, query: str, field: str) -> None:
    page = changed.browser("reporter").get(f"/differences?{query}")
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text
    assert "segments differ" not in page.text
