"""Does the report form work in one hand on a phone, without scripts too, and does one report stay one?"""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Opener, Visit
from tests.browser.mission import point_on

PLACE = "{}, {}".format(*point_on("d-e", 0.35))


def fill_hazard(page: Page, place: str = PLACE) -> None:
    page.get_by_label("Mine", exact=True).check()
    page.get_by_label("Position", exact=True).fill(place)


def records_of(seen: Visit) -> int:
    answer = seen.context.request.get(f"{seen.address}/api/v1/records?kind=explosive")
    return sum(feature["properties"]["class"] == "mine" for feature in answer.json()["features"])


def test_the_form_fits_a_phone_and_opens_with_the_warning(visit: Opener) -> None:
    page = visit("patrol", size=PHONE).go("/report/explosive")
    warning = page.get_by_role("note")
    expect(warning).to_contain_text("Do not touch. Do not approach.")
    expect(warning).to_contain_text("Mark, move back, report.")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.mouse.wheel(0, 2000)
    expect(warning).to_be_in_viewport()
    send = page.get_by_role("button", name="Send").bounding_box()
    assert send["height"] >= 48
    assert send["y"] + send["height"] <= PHONE["height"]


def test_a_place_is_read_back_in_two_forms_before_it_is_saved(visit: Opener) -> None:
    page = visit("patrol", size=PHONE).go("/report/explosive")
    fill_hazard(page)
    reading = page.locator("[data-reading-text]")
    expect(reading).to_contain_text(re.compile(r"5°00\.\d+'N 30°01\.\d+'E|0?5°00\.\d+.N 0?30°0\d\.\d+.E"))
    expect(reading).to_contain_text(re.compile(r"36N ?[A-Z]{2}"))


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_report_arrives_once_however_often_it_is_sent(visit: Opener, scripts: bool) -> None:
    seen = visit("patrol", size=PHONE, scripts=scripts)
    page = seen.go("/report/explosive")
    before = records_of(seen)
    fill_hazard(page)
    if scripts:
        expect(page.locator("[data-reading]")).to_be_visible()
    else:
        page.get_by_role("button", name="Send").click()
        expect(page.locator("[data-reading]")).to_be_visible()
        assert records_of(seen) == before, "saved before the sender saw the place read back"
    sent: list[dict[str, str]] = []
    page.on("request", lambda r: sent.append(r.post_data_json) if r.method == "POST" else None)
    page.get_by_role("button", name=re.compile("Send")).dblclick()
    expect(page.get_by_text("The JOC has it")).to_be_visible()
    again = seen.context.request.post(f"{seen.address}/report/explosive", form=sent[-1])
    assert again.url == page.url, "the answer was lost and the same form sent again: the first result"
    assert records_of(seen) == before + 1


def test_bad_fields_are_told_beside_them_and_what_was_typed_stays(visit: Opener) -> None:
    seen = visit("patrol", size=PHONE, scripts=False)
    page = seen.go("/report/restriction")
    page.get_by_label("Fee or tax asked").check()
    page.get_by_text("More, if you know it").click()
    page.get_by_label("Time lost").fill("a while")
    page.get_by_label("Position", exact=True).fill("36N VL 345 67")
    page.get_by_label("In your words").fill("four men at the bridge")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing has been sent")
    expect(page.locator(".field:has(#delay_min) .error")).to_contain_text("a while")
    expect(page.locator("[data-position] .error")).to_contain_text("36N VL 345 67")
    expect(page.get_by_label("Time lost")).to_have_value("a while")
    expect(page.get_by_label("In your words")).to_have_value("four men at the bridge")
    expect(page.get_by_label("Fee or tax asked")).to_be_checked()
    seen.troubles[:] = [t for t in seen.troubles if "422" not in t]


def test_the_device_or_the_map_can_give_the_place(visit: Opener) -> None:
    seen = visit("patrol", size=PHONE)
    seen.context.grant_permissions(["geolocation"])
    lon, lat = point_on("a-b", 0.2)
    seen.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 8})
    page = seen.go("/report/incident")
    page.get_by_role("button", name="My position").click()
    expect(page.locator("[data-told]")).to_contain_text("± 8 m")
    expect(page.locator("[data-reading]")).to_be_visible()
    page.get_by_role("button", name="Point on the map").click()
    canvas = page.locator("[data-pick-map] canvas")
    canvas.wait_for()
    page.wait_for_timeout(1500)
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("[data-told]")).to_contain_text("by this map")
    expect(page.get_by_label("Position", exact=True)).not_to_have_value(f"{lon:.6f}, {lat:.6f}")


def test_a_passage_over_a_key_route_is_sent_in_few_taps_and_waits_for_a_grade(visit: Opener) -> None:
    page = visit("patrol", size=PHONE).go("/report/passage")
    page.get_by_label("Key route, without a track").select_option(label="ASR IBIS · Delta – Foxtrot")
    page.get_by_label("To kilometre").fill("5")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("otherwise it waits for a grade")).to_be_visible()
