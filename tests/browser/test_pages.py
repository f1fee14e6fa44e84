"""Does every page render for its role in light and dark, and does closing a hazard take two people?"""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Opener
from tests.browser.mission import point_on

PAGES = {
    "/": None,
    "/desk": "To judge",
    "/movements": "Movements",
    "/movements/week": "Movements",
    "/movements/new": "Plan a movement",
    "/report": "What happened?",
    "/report/passage": "Travelled, no incident",
    "/report/explosive": "Explosive item",
    "/report/restriction": "Stopped or denied",
    "/report/physical": "Road or bridge damage",
    "/report/incident": "Attack or robbery",
    "/forms": "Forms to take along",
    "/routes": "Key routes",
    "/planner": "Planner",
    "/registers": "Registers",
    "/registers/air-heads": "Air heads",
    "/registers/key-routes/new": "New key route",
    "/registers/areas/new": "New area",
    "/registers/controls/new": "Order a control",
    "/registers/seasons": "Season calendar",
    "/controls": "Movement controls",
    "/benchmarks": "Benchmarks",
    "/restrictions": "Restriction cases",
    "/restrictions/new": "Open a case",
    "/restrictions/standing": "Standing restrictions",
    "/restrictions/clauses": "Clause list",
    "/parties": "Parties",
    "/parties/host_police": "Host police",
    "/policy": "Policy 0",
    "/alerts": "Alerts",
    "/alerts/subscriptions/new": "New subscription",
    "/my-routes": "My routes",
    "/benchmarks/S1": "Routes and air heads secure",
}
"""Address -> its heading."""


@pytest.mark.parametrize("theme", ["dark", pytest.param("light", marks=pytest.mark.deep)])
def test_every_page_renders_for_a_duty_officer_and_fits(visit: Opener, theme: str) -> None:
    seen = visit("duty", theme=theme, size=PHONE)
    for path, heading in PAGES.items():
        page = seen.open_map() if heading is None else seen.go(path)
        if heading:
            expect(page.get_by_role("heading", name=re.compile(heading)).first).to_be_visible()
        assert page.locator("html").get_attribute("data-theme") == theme
        for size in (PHONE, DESK):
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], (path, size)
        page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})


@pytest.mark.parametrize(
    ("person", "shown", "missing"),
    [
        ("patrol", ["Map", "Report", "Routes", "Planner", "Air heads"], ["Desk", "Benchmarks"]),
        ("lead", ["Map", "Desk", "Routes", "Restrictions", "Benchmarks"], ["Report"]),
        ("partner", ["Map", "Report", "Routes"], ["Desk", "Restrictions", "Benchmarks"]),
        ("auditor", [], ["Map", "Desk", "Report", "Routes", "Benchmarks"]),
    ],
)
def test_tabs_are_those_that_the_role_may_open(
    visit: Opener, person: str, shown: list[str], missing: list[str]
) -> None:
    seen = visit(person)
    page = seen.go("/login")
    tabs = page.get_by_role("navigation", name="Pages", exact=True)
    if tabs.get_by_text("More").count():
        tabs.get_by_text("More").click()
    for name in shown:
        expect(tabs.get_by_role("link", name=name, exact=True)).to_be_visible()
    for name in missing:
        expect(tabs.get_by_role("link", name=name, exact=True)).to_have_count(0)


def test_a_key_route_is_shown_by_kilometre_and_agrees_with_the_list(visit: Opener) -> None:
    page = visit("lead").go("/routes")
    row = page.get_by_role("row", name=re.compile("MSR HERON"))
    letter = row.locator(".state").get_attribute("data-state")
    row.get_by_role("link", name="MSR HERON").click()
    expect(page.get_by_role("heading", name="Alpha – Charlie")).to_be_visible()
    assert page.locator(".figures .state").get_attribute("data-state") == letter
    expect(page.get_by_role("img", name="Verification by kilometre and day")).to_be_visible()


def test_the_theme_is_chosen_with_and_without_scripts(visit: Opener) -> None:
    for scripts in (True, False):
        seen = visit("lead", scripts=scripts)
        page = seen.go("/registers/air-heads")
        page.get_by_label("Account and appearance").click()
        page.get_by_role("button", name="Light").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        expect(seen.go("/routes").locator("html")).to_have_attribute("data-theme", "light")


def test_a_hazard_is_closed_by_two_people_and_the_road_waits_for_a_passage(visit: Opener) -> None:
    patrol = visit("patrol")
    page = patrol.go("/report/explosive")
    page.get_by_label("Mine", exact=True).check()
    page.get_by_label("Position", exact=True).fill("{:.6f}, {:.6f}".format(*point_on("e-f", 0.52)))
    expect(page.locator("[data-reading]")).to_be_visible()
    page.get_by_role("button", name=re.compile("Send")).click()
    report_id = page.url.rsplit("/", 1)[1]

    first = visit("eod")
    page = first.go(f"/desk?report={report_id}")
    page.get_by_role("button", name="Sign closing act").click()
    expect(page.get_by_role("status")).to_contain_text("waits for a second person")
    expect(page.get_by_text("you proposed it")).to_be_visible()
    expect(page.get_by_role("button", name="Confirm")).to_have_count(0)
    state = first.context.request.get(f"{first.address}/api/v1/segments/e-f.5").json()["directions"][0]["state"]
    assert state == "RED", "one signature must not open a road"

    second = visit("eod2")
    page = second.go("/desk")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("status")).to_contain_text("Confirmed")
    state = second.context.request.get(f"{second.address}/api/v1/segments/e-f.5").json()["directions"][0]["state"]
    assert state == "GREY", "cleared is not verified"


def test_a_grade_is_set_at_the_desk(visit: Opener) -> None:
    patrol = visit("patrol")
    page = patrol.go("/report/incident")
    page.get_by_label("Armed robbery").check()
    page.get_by_label("Position", exact=True).fill("{:.6f}, {:.6f}".format(*point_on("d-e", 0.8)))
    expect(page.locator("[data-reading]")).to_be_visible()
    page.get_by_role("button", name=re.compile("Send")).click()
    report_id = page.url.rsplit("/", 1)[1]
    page = visit("duty").go(f"/desk?report={report_id}")
    page.locator("input[name=grade][value=B2]").check()
    page.get_by_role("button", name="Set B2").click()
    expect(page.get_by_role("status")).to_contain_text("Graded B2")
    expect(page.get_by_text("B2 by duty@demo.example")).to_be_visible()


def test_a_refused_page_says_why_and_leads_back(visit: Opener) -> None:
    seen = visit("partner")
    page = seen.go("/benchmarks")
    expect(page.get_by_role("alert")).to_contain_text("No role of this account may")
    seen.troubles[:] = [t for t in seen.troubles if "403" not in t]
