"""A phone with the field app over a link that fails, and what its tests do on it again and again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.mission import PASSWORD, email_of, point_on
from tests.browser.weak_link import DOWN, GOOD, LOSES_ANSWERS, PORTAL, WeakLink

LON, LAT = point_on("d-e", 0.35)
PLACE = f"{LAT}N {LON}E"
SENT = {"placed": {"lon": LON, "lat": LAT, "source": "gps", "accuracy_m": 8}}
HERE = {"longitude": LON, "latitude": LAT, "accuracy": 8}


class Phone:
    """A browser context as one phone; its pages may be killed and opened again."""

    def __init__(self, browser: Browser, link: WeakLink, **options: Any) -> None:
        self.link = link
        self.context: BrowserContext = browser.new_context(has_touch=True, **options)
        self.context.set_default_timeout(60_000)  # as every other window of the tests: the machine may be busy
        self.errors: list[str] = []
        self.page: Page = self.open("/login?next=/field")

    def open(self, path: str = "/field") -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(self.link.address + path)
        return page

    def sign_in(self, person: str = "patrol") -> Page:
        self.page.goto(self.link.address + "/login?next=/field")
        self.page.fill("#email", email_of(person))
        self.page.fill("#password", PASSWORD)
        self.page.click("form button.main")
        self.ready()
        return self.page

    def ready(self) -> None:
        """Wait until the forms are there and the app is kept on the phone."""
        self.page.locator(".bigtiles").wait_for()
        self.page.locator("html[data-shell]").wait_for(state="attached")

    def kill(self) -> Page:
        """Close the page without a word and open the app anew."""
        self.page.close()
        self.page = self.open()
        return self.page

    def reports(self) -> list[dict[str, Any]]:
        answer = self.context.request.get(f"{self.link.address}/api/v1/reports?limit=1000")
        return answer.json()["reports"]

    def bodies_of(self, item_id: str) -> set[str]:
        """Return the different bodies that were sent under an id."""
        sent = [json.loads(body) for body in self.link.bodies]
        return {json.dumps(body, sort_keys=True) for body in sent if body["id"] == item_id}

    def new_since(self, before: set[str]) -> list[str]:
        return [report["id"] for report in self.reports() if report["id"] not in before]

    def ids(self) -> set[str]:
        return {report["id"] for report in self.reports()}


def form_of(phone: Phone, report: str) -> str:
    """Return by which form a report was made."""
    return str(phone.context.request.get(f"{phone.link.address}/api/v1/reports/{report}").json()["form"])


def fill_hazard(page: Page) -> None:
    """Answer the flash of an explosive item up to the last look."""
    page.get_by_role("button", name="Explosive item").click()
    page.get_by_role("button", name="Type a position").click()
    page.get_by_label("Position").fill(PLACE)
    page.get_by_role("button", name="Yes, this is the place").click()
    page.get_by_role("button", name="One item or a few").click()
    page.get_by_role("button", name="Mine", exact=True).click()
    page.get_by_role("button", name="Just now").click()
    page.get_by_role("button", name="Skip").click()
    expect(page.get_by_role("heading", name="Send this?")).to_be_visible()


def go_to_review(page: Page) -> None:
    """Go on from step to step, with what is answered, up to the last look."""
    heading = page.locator(".form-step h1")
    while (asked := heading.inner_text()) != "Send this?":
        page.locator(".send-bar .main").click()
        expect(heading).not_to_have_text(asked)


def send(page: Page) -> None:
    page.get_by_role("button", name="Send", exact=True).click()
    page.locator(".sent").wait_for()


def state(page: Page, name: str) -> Any:
    """Return the items of the outbox in a state."""
    return page.locator(f".outbox li[data-state='{name}']")


def answer_about_me(page: Page) -> None:
    page.locator("[data-code='own_patrol_traverse']").click()
    page.locator("[data-code='mission_military']").click()
    page.locator("[data-code='P3']").click()


def keep_about_me(page: Page) -> None:
    page.evaluate(
        """async () => { const { keep } = await import('/static/field/store.js');
        await keep('defaults', {strength: 'own_patrol_traverse', user_class: 'mission_military', passed: 'P3'}); }"""
    )


def drive(phone: Phone, road: str, *, first: float = 0.0, last: float = 1.0, steps: int = 12) -> None:
    for index in range(steps + 1):
        lon, lat = point_on(road, first + (last - first) * index / steps)
        phone.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 6})
        phone.page.wait_for_timeout(120)


FAULTS = ("offline", "reload", "kill", LOSES_ANSWERS, PORTAL, DOWN, GOOD)


def among_faults(phone: Phone, count: int, chance: random.Random, act: Callable[[], str]) -> list[str]:
    """Do an act again and again while link, page and phone fail; return the ids it gave once all has been accepted."""
    done = []
    for _ in range(count):
        fault = chance.choice(FAULTS)
        phone.context.set_offline(fault == "offline")
        phone.link.mode = fault if fault in (LOSES_ANSWERS, PORTAL, DOWN, GOOD) else GOOD
        done.append(act())
        if fault == "kill":
            phone.kill()
        elif fault in ("reload", "offline"):
            phone.page.reload()
        phone.page.locator("html[data-ready]").wait_for(state="attached")
    phone.link.mode = GOOD
    phone.context.set_offline(False)
    page = phone.kill()
    page.goto(phone.link.address + "/field#outbox")
    expect(page.locator(".outbox li").first).to_be_visible()
    expect(page.locator(".outbox li:not([data-state='accepted'])")).to_have_count(0, timeout=120_000)
    return done
