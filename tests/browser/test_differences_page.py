"""What changed, for a person: from the time bar to two maps and the reasons, in both themes, on a desk and a phone."""

import re

import pytest
from playwright.sync_api import expect

from fom.maps.style import read_tokens
from tests.browser.conftest import DESK, PATIENCE_MS, PHONE, Opener
from tests.browser.pixels import decode_png, share_of
from tests.browser.test_time_slider import go_back

VIEW = "#view=11/5.045/30.09"


@pytest.mark.parametrize(
    ("size", "theme"), [(DESK, "dark"), pytest.param(PHONE, "light", marks=pytest.mark.deep)], ids=["desk", "phone"]
)
def test_two_moments_beside_each_other_with_their_reasons(visit: Opener, size: dict[str, int], theme: str) -> None:
    page = visit("duty", size=size, theme=theme).open_map("/" + VIEW)
    go_back(page, 12)  # before the drive of this morning
    page.get_by_role("link", name="What changed").click()
    page.locator("[data-differences][data-ready]").wait_for(timeout=PATIENCE_MS)
    lists = page.locator("[data-difference]")
    expect(lists).to_contain_text("20 segments differ")
    expect(lists).to_contain_text("MSR HERON")
    expect(lists).to_contain_text(re.compile(r"Before:\s+Never verified"))
    expect(lists).to_contain_text(re.compile(r"After:\s+Verified: own patrol passage"))
    green = read_tokens(theme)["g"]
    page.wait_for_timeout(800)
    before, after = (
        share_of(decode_png(page.locator(f"[data-map-{side}]").screenshot()), green) for side in ("before", "after")
    )
    assert before < 0.00002 < 0.0005 < after
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the window"
    for side in ("before", "after"):
        box = page.locator(f"[data-map-{side}]").bounding_box()
        assert box["height"] >= 320, "a map too small to read"
    page.locator("[data-segment]").first.click()
    page.wait_for_function("location.hash !== '#view=11/5.045/30.09'", timeout=PATIENCE_MS)


def test_without_scripts_the_lists_are_there_and_a_wrong_field_is_named(visit: Opener) -> None:
    seen = visit("duty", scripts=False)
    page = seen.go("/differences")
    page.get_by_label("Before, UTC").fill("2026-01-01T00:00")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("[data-difference]")).to_contain_text(re.compile("segments? differ"))
    page.goto(page.url.replace("before_at=2026", "before_at=x"))
    expect(page.locator("#before_at-error")).to_contain_text("a date and time in UTC")
    seen.troubles = [trouble for trouble in seen.troubles if "422" not in trouble]
