"""A convoy out of reach says where it is: kept on the phone, sent once, counted when it was said."""

from __future__ import annotations

import itertools
import random
import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import expect

from fom.domain.access import Actor
from fom.domain.instants import HOUR_US, MINUTE_US, format_instant, parse_instant
from fom.services.movements import plan_movement
from fom.web.edge import now_us
from tests.browser.mission import PIECES
from tests.browser.phones import HERE, LAT, LON, Phone, among_faults, state
from tests.browser.weak_link import GOOD, LOSES_ANSWERS
from tests.deep import share_of

CONTROL = Actor(
    user_id="control", email="control@demo.example", roles=frozenset({"movement_control"}), clearance="confidential"
)
WAY = [{"id": f"d-e.{piece}", "direction": "forward"} for piece in range(PIECES)]


def plan(phone: Phone, code: str) -> str:
    """Plan a patrol of the phone's unit over D-E that leaves in half an hour, and let the phone carry it."""
    edge, now = phone.link.app.extensions["fom"], now_us()
    values = {
        "id": str(uuid.uuid4()), "code": code, "purpose": "patrol", "user_class": "mission_military",
        "planned_start": format_instant(now + 30 * MINUTE_US), "planned_end": format_instant(now + 3 * HOUR_US),
        "unit": "unit of patrol", "vehicles": [{"class": "apc", "count": 2}], "profile": "P3",
        "ways": [{"title": "Best", "segments": WAY, "distance_m": 10_000.0}],
        "origin": {"name": "Delta", "lon": 30.0, "lat": 5.0}, "destination": {"name": "Echo", "lon": 30.09, "lat": 5.0},
        "planned_as": {"network": edge.host.network.network_id},
    }  # fmt: skip
    with edge.database.writing() as session:
        plan_movement(session, values, version=None, actor=CONTROL, now=now)
    edge.host.follow()
    phone.kill()
    expect(card(phone, code)).to_be_visible()
    return values["id"]


def card(phone: Phone, code: str) -> Any:
    return phone.page.locator("[data-movement]").filter(has_text=code)


def told(phone: Phone, movement: str) -> dict[str, Any]:
    return phone.context.request.get(f"{phone.link.address}/api/v1/movement-plans/{movement}").json()


def test_a_check_in_without_a_link_outlives_reload_and_a_lost_answer_and_is_one(phone: Phone) -> None:
    movement = plan(phone, "PTL-7")
    expect(card(phone, "PTL-7")).to_contain_text(
        re.compile(r"Delta → Echo.*Way: Unknown.*km 0: .*told \d+ min ago", re.S)
    )
    phone.context.set_offline(True)
    before = now_us()
    card(phone, "PTL-7").get_by_role("button", name="We have left: check in here").click()
    page = phone.page
    expect(page.get_by_role("heading", name="It waits on this phone")).to_be_visible()
    expect(page.locator(".sent")).to_contain_text("km 3.5 of your way")
    page.reload()
    page.goto(phone.link.address + "/field#outbox")
    expect(state(page, "waiting")).to_contain_text("Check-in PTL-7")
    page.goto(phone.link.address + "/field#report")
    expect(card(phone, "PTL-7")).to_contain_text("It waits on this phone")
    expect(card(phone, "PTL-7").locator("[data-check-in]")).to_have_text("Check in here")
    phone.link.mode = LOSES_ANSWERS
    phone.context.set_offline(False)
    page.goto(phone.link.address + "/field#outbox")
    expect(state(page, "waiting")).to_contain_text(re.compile(r"Tried \d+ times"))
    [first] = told(phone, movement)["check_ins"]
    page.wait_for_timeout(1100)  # what is sent again must not count as made anew
    phone.link.mode = GOOD
    page.get_by_role("button", name="Try now").click()
    expect(state(page, "accepted")).to_have_count(1)
    assert len(phone.link.bodies) >= 2
    assert len(set(phone.link.bodies)) == 1
    shown = told(phone, movement)
    assert shown["check_ins"] == [first]
    assert (first["lon"], first["lat"], first["accuracy_m"]) == (LON, LAT, 8)
    assert (first["source"], first["is_skewed"]) == ("device", False)
    assert before - 2 * MINUTE_US <= parse_instant(first["at"]) <= parse_instant(first["received"])
    assert first["device_time"]
    assert shown["actual_start"] == first["at"], "nobody had said that it left"
    assert shown["outlook"]["seen"]["at_m"] == pytest.approx(3500, abs=50)


def test_a_kilometre_of_the_way_is_a_draft_until_it_is_sent(phone: Phone) -> None:
    movement = plan(phone, "PTL-8")
    card(phone, "PTL-8").get_by_role("button", name="another way").click()
    page = phone.page
    page.locator("[data-method='way']").click()
    page.get_by_label("Kilometre").fill("40")
    expect(page.locator("p.error[role=alert]")).to_contain_text("from 0 to 10")
    page.get_by_label("Kilometre").fill("6,2")
    expect(page.locator(".readback").first).to_contain_text("36N")
    page = phone.kill()
    page.get_by_role("link", name="Go on with your draft: Check-in PTL-8").click()
    page.locator(".send-bar .main").click()
    expect(page.get_by_role("heading", name="The JOC has it")).to_be_visible()
    [kept] = told(phone, movement)["check_ins"]
    assert (kept["source"], kept["lat"]) == ("km", 5.0)
    assert kept["lon"] == pytest.approx(30.0559, abs=1e-4)


@pytest.mark.deep
def test_many_check_ins_among_faults_are_one_each(phone: Phone) -> None:
    movement, steps = plan(phone, "PTL-9"), itertools.count()

    def check_in() -> str:
        phone.context.set_geolocation({**HERE, "longitude": LON + next(steps) * 1e-4})
        phone.page.goto(phone.link.address + "/field#report")
        card(phone, "PTL-9").locator("[data-check-in]").click()
        phone.page.locator(".sent").wait_for()
        return str(phone.page.evaluate("location.hash.split('/')[1]"))

    queued = among_faults(phone, share_of(60), random.Random(9), check_in)
    kept = told(phone, movement)["check_ins"]
    assert sorted(one["id"] for one in kept) == sorted(queued)
    assert all(parse_instant(one["at"]) <= parse_instant(one["received"]) for one in kept)
    assert all(len(phone.bodies_of(one)) == 1 for one in queued)
