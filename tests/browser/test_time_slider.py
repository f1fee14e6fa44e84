"""The time slider for a person: another moment drawn with its reasons, never taken for now; one key leads back."""

import re

import pytest
from playwright.sync_api import Page, expect

from fom.maps.style import read_tokens
from tests.browser.conftest import DESK, PATIENCE_MS, PHONE, Opener
from tests.browser.mission import point_on
from tests.browser.pixels import share_of
from tests.browser.test_live_map import picture

VIEW = "#view=12/5.09/30.09"


def send_find(form: Page, road: str) -> None:
    """Send a suspected device in the middle of a road."""
    form.get_by_label("Improvised device").check()
    lon, lat = point_on(road, 0.45)
    form.get_by_label("Position", exact=True).fill(f"{lon:.6f}, {lat:.6f}")
    expect(form.locator("[data-reading]")).to_contain_text("36N")
    form.get_by_role("button", name=re.compile("Send")).click()
    expect(form.get_by_text("The JOC has it")).to_be_visible()


def go_back(page: Page, hours: float) -> None:
    slider = page.get_by_role("slider", name="Moment shown")
    slider.focus()
    slider.evaluate(
        "(input, minutes) => { input.value = minutes; input.dispatchEvent(new Event('input', { bubbles: true })); }",
        -60 * hours,
    )
    expect(page.locator("[data-live-map][data-then]:not([data-reading])")).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.parametrize("size", [DESK, pytest.param(PHONE, marks=pytest.mark.deep)], ids=["desk", "phone"])
def test_the_map_of_another_moment_is_marked_and_one_key_returns_to_now(visit: Opener, size: dict[str, int]) -> None:
    page = visit("duty", size=size).open_map("/" + VIEW)
    tokens = read_tokens("dark")
    assert share_of(picture(page), tokens["g"]) > 0.0005
    go_back(page, 12)  # before the drive of this morning
    band = page.locator("[data-then-band]")
    expect(band).to_contain_text(re.compile(r"NOT LIVE: \d{6}Z \w{3} \d\d as it was shown then"))
    expect(page.locator("[data-feed-mark]")).to_have_text("Map not live")
    expect(page.locator("[data-km='O']")).to_have_text("0")
    assert share_of(picture(page), tokens["g"]) < 0.00002, "a green that could be taken for now"
    assert re.search(r"[?&]at=\d{4}-", page.url)
    page.keyboard.press("l")
    expect(page.locator("[data-live-map][data-then]")).to_have_count(0)
    expect(band).to_be_empty()
    expect(page.locator("[data-km='O']")).to_have_text(re.compile(r"^(19|20)$"))
    assert share_of(picture(page), tokens["g"]) > 0.0005
    assert "at=" not in page.url


def test_what_was_shown_then_and_what_is_known_today_about_then_are_told_apart(visit: Opener) -> None:
    page = visit("duty").open_map("/?segment=a-b.4" + VIEW)
    panel = page.locator("[data-panel]")
    expect(panel.locator(".verdict b")).to_have_text("Open")
    phone = visit("patrol", size=PHONE)  # a find of now is there in the past only as known today
    send_find(phone.go("/report/explosive"), "a-b")
    expect(panel.locator(".verdict b")).to_have_text("Restricted", timeout=PATIENCE_MS)
    go_back(page, 2)
    expect(panel.locator(".verdict b")).to_have_text("Open")
    expect(panel.locator(".then-note")).to_contain_text("as it was shown then")
    page.get_by_text("As we know today").click()
    expect(page.locator("[data-then-band]")).to_contain_text("as we know today about then")
    expect(panel.locator(".verdict b")).to_have_text("Restricted")
    expect(panel.locator(".reason").first).to_contain_text("Explosive")
    expect(page.locator("[data-layer-count='hazards']")).to_have_text("2")
    assert "known=today" in page.url


@pytest.mark.deep
def test_the_future_is_told_as_if_nothing_new_is_reported_with_marks_where_time_moves_states(visit: Opener) -> None:
    page = visit("duty").open_map("/" + VIEW)
    ahead = page.locator("[data-time-track] .time-mark.ahead")
    expect(ahead.first).to_be_attached(timeout=PATIENCE_MS)
    told = ahead.first.locator("title").text_content()
    assert re.match(r"\d{6}Z \w{3} \d\d: \d+ turns? (caution|unknown)", told), told
    slider = page.get_by_role("slider", name="Moment shown")
    slider.focus()
    page.keyboard.press("]")
    expect(page.locator("[data-then-band]")).to_contain_text("if nothing new is reported")
    expect(page.locator("[data-km='O']")).to_have_text("0")
    assert "if nothing new is reported" in slider.get_attribute("aria-valuetext")
    page.get_by_role("button", name="Back to live").first.click()
    expect(page.locator("[data-km='O']")).not_to_have_text("0")


@pytest.mark.deep
def test_a_change_that_arrives_meanwhile_is_counted_and_does_not_touch_the_past(visit: Opener) -> None:
    page = visit("duty").open_map("/" + VIEW)
    go_back(page, 1)
    send_find(visit("patrol", size=PHONE).go("/report/explosive"), "b-c")
    expect(page.locator("[data-then-band]")).to_contain_text("1 change since you left now", timeout=PATIENCE_MS)
    expect(page.locator("[data-km='R']")).to_have_text("0")
    page.keyboard.press("l")
    expect(page.locator("[data-km='R']")).not_to_have_text("0")


@pytest.mark.deep
def test_an_address_leads_to_a_moment_and_play_steps_on_from_it(visit: Opener) -> None:
    page = visit("duty").open_map("/?at=2026-01-05T06:00:00Z")
    band = page.locator("[data-then-band]")
    expect(band).to_contain_text("NOT LIVE: 050600Z JAN 26 as it was shown then", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Play").click()
    expect(band).to_contain_text("050700Z JAN 26", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Pause").click()
