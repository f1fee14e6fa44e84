"""Is the desk driven by the keyboard alone, does it tell before it does, does it work without scripts, on a phone?"""

from __future__ import annotations

import re
import uuid
from itertools import groupby
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Opener, Visit
from tests.browser.mission import point_on
from tests.browser.timed_walk import TimedWalk, grade_at_the_desk, report_by_phone, set_grade

API = "/api/v1"


def send(seen: Visit, road: str, share: float, **said: Any) -> str:
    """Send a report as whoever is signed in; return its id."""
    page = seen.go("/report")
    token = page.locator('meta[name="csrf-token"]').get_attribute("content")
    properties = {"kind": "explosive", "hazard": "item", "class": "ied", "location": {"method": "gps"}, **said}
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": point_on(road, share)},
        "properties": properties,
    }
    body = {"id": str(uuid.uuid4()), "form": "explosive", "words": "seen by a driver", "records": [feature]}
    answer = seen.context.request.post(
        f"{seen.address}{API}/reports", data=body, headers={"X-CSRFToken": token or "", "Origin": seen.address}
    )
    assert answer.status == 201, answer.text()
    return str(body["id"])


def state_of(seen: Visit, segment: str) -> str:
    return str(seen.context.request.get(f"{seen.address}{API}/segments/{segment}").json()["directions"][0]["state"])


def press(page: Page, *keys: str) -> int:
    """Press keys and return how many."""
    for key in keys:
        page.keyboard.press(key)
    return len(keys)


def open_desk(seen: Visit, path: str = "/desk") -> Page:
    page = seen.go(path)
    page.locator("[data-desk][data-ready]").wait_for()
    return page


def test_two_presses_accept_and_four_set_another_grade(visit: Opener) -> None:
    patrol, duty = visit("patrol"), visit("duty")
    first, second = send(patrol, "a-b", 0.35), send(patrol, "d-e", 0.35)
    page = open_desk(duty)
    expect(page.locator("[data-queue] [aria-current]")).to_have_attribute("href", re.compile(f"{first}|{second}"))
    expect(page.locator("[data-preview]")).to_contain_text("stays restricted")
    assert press(page, "a", "Enter") == 2
    expect(page.get_by_role("status")).to_contain_text("Graded B3")
    page = open_desk(duty)
    current = page.locator("[data-queue] [aria-current]").get_attribute("href") or ""
    segment = "a-b.3" if first in current else "d-e.3"
    assert press(page, "g", "b", "2") + 1 == 4
    expect(page.locator("[data-preview]")).to_contain_text("If you set B2")
    expect(page.locator("[data-preview]")).to_contain_text("becomes closed")
    assert state_of(duty, segment) == "RED", "told before it is set"
    press(page, "Enter")
    expect(page.get_by_role("status")).to_contain_text("Graded B2")
    assert state_of(duty, segment) == "BLACK"


@pytest.mark.deep
def test_the_keys_move_link_and_help(visit: Opener) -> None:
    patrol, duty = visit("patrol"), visit("duty")
    one, two = send(patrol, "e-f", 0.25), send(patrol, "e-f", 0.26)
    page = open_desk(duty, f"/desk?report={one}")
    here = page.url
    press(page, "j")
    expect(page).not_to_have_url(here)
    page.locator("[data-desk][data-ready]").wait_for()
    press(page, "k")
    expect(page).to_have_url(re.compile(f"{one}|{two}"))
    page = open_desk(duty, f"/desk?report={one}")
    expect(page.locator("[data-suggestions]")).to_contain_text(re.compile(r"\d+ m.*(earlier|later)"))
    press(page, "?")
    expect(page.get_by_role("dialog")).to_contain_text("Keys of the desk")
    press(page, "Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    press(page, "l", "Enter")
    expect(page.get_by_role("status")).to_contain_text("Linked as one report told twice")
    expect(page.get_by_role("button", name="Unlink")).to_be_visible()
    page.locator("[data-desk][data-ready]").wait_for()
    press(page, "q")
    expect(page.locator("#ask")).to_be_focused()
    page.keyboard.type("Which side?")
    press(page, "Enter")
    expect(page.get_by_role("status")).to_contain_text("Asked")
    questions = patrol.context.request.get(f"{patrol.address}{API}/questions?mine=1").json()["questions"]
    assert [question["text"] for question in questions] == ["Which side?"]


@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
def test_without_scripts_a_grade_is_looked_at_first_and_then_set(visit: Opener, size: dict[str, int] | None) -> None:
    patrol = visit("patrol")
    report_id = send(patrol, "b-c", 0.15 if size else 0.85)
    page = visit("duty", size=size, scripts=False).go(f"/desk?report={report_id}")
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    page.locator("input[name=grade][value=B2]").check()
    page.get_by_role("button", name="See what it would do").click()
    expect(page.locator("[data-preview]")).to_contain_text("becomes closed")
    page.get_by_role("button", name="Set B2").click()
    expect(page.get_by_role("status")).to_contain_text("Graded B2")


@pytest.mark.deep
def test_the_map_shows_the_item_and_the_rule_is_drawn_to_scale(visit: Opener) -> None:
    patrol = visit("patrol")
    report_id = send(patrol, "a-d", 0.5)
    page = open_desk(visit("duty"), f"/desk?report={report_id}")
    page.locator("[data-desk-map][data-ready]").wait_for()
    drawing = page.get_by_role("img", name=re.compile("true scale"))
    expect(drawing).to_be_visible()
    band = float(drawing.locator(".band").first.get_attribute("stroke-width") or 0)
    corridor = float(drawing.locator(".corridor").first.get_attribute("stroke-width") or 0)
    assert band / corridor == pytest.approx(10, rel=0.02), "100 m each side beside 10 m each side"


@pytest.mark.deep
def test_the_way_through_the_queue_has_a_history_and_one_map(visit: Opener) -> None:
    patrol, duty = visit("patrol"), visit("duty")
    one, two = send(patrol, "c-f", 0.25), send(patrol, "c-f", 0.75)
    page = open_desk(duty, f"/desk?report={one}")
    page.locator("[data-desk-map][data-ready]").wait_for()
    page.evaluate("window.loadedOnce = true")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    title = page.locator("[data-item] .mono").first
    order = [link.get_attribute("href") or "" for link in page.locator("[data-queue] a").all()]
    at = next(place for place, href in enumerate(order) if one in href)
    step = "j" if at + 1 < len(order) else "k"
    there = order[at + 1 if step == "j" else at - 1].rsplit("=", 1)[1]
    press(page, step)
    expect(title).to_contain_text(there)
    expect(page).to_have_url(re.compile(there))
    expect(page.locator("[data-queue] [aria-current]")).to_have_attribute("href", re.compile(there))
    expect(page.locator("[data-desk-map] canvas")).to_have_count(1)
    page.go_back()
    expect(title).to_contain_text(one)
    expect(page.locator("[data-queue] [aria-current]")).to_have_attribute("href", re.compile(one))
    page.go_forward()
    expect(title).to_contain_text(there)
    assert page.evaluate("window.loadedOnce") is True, "the page was loaded anew"
    assert not [url for url in asked if url.split("?")[0].endswith("/desk")]
    press(page, "g", "b", "2", "Enter")
    expect(page.get_by_role("status")).to_contain_text("Graded B2")
    expect(page).to_have_url(re.compile(there))
    assert two


@pytest.mark.deep
def test_from_the_road_to_the_wall_the_steps_come_in_order(visit: Opener) -> None:
    wall, desk = visit("lead"), visit("duty")
    phone = visit("patrol", size=PHONE)
    phone.context.grant_permissions(["geolocation"])
    lon, lat = point_on("a-b", 0.65)
    phone.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 12})
    screen = wall.open_map()
    restricted, closed = (screen.locator(f"[data-km='{letter}']") for letter in "RX")
    before = restricted.inner_text(), closed.inner_text()
    office = open_desk(desk)
    walk = TimedWalk(is_paced=False)
    report_id = report_by_phone(walk, phone.go("/report"))
    expect(restricted).not_to_have_text(before[0])
    grade_at_the_desk(walk, office, report_id, "B2")
    expect(closed).to_have_text(before[1])
    set_grade(walk, office, "B2")
    expect(closed).not_to_have_text(before[1])
    assert [who for who, _ in groupby(step.who for step in walk.steps)] == ["patrol", "duty officer"]
    assert list(walk.moments) == ["report received", "desk told", "grade chosen", "graded"]
    assert (walk.taps, walk.keys) == (4, 5 + sum(step.what.startswith("goes on") for step in walk.steps))
    assert walk.estimate_s < 60
