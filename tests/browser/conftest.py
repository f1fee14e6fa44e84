"""A real Chromium against the real application, served by a threaded server on a port of its own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from werkzeug.serving import make_server

from tests.browser.mission import PASSWORD, ROOT, build_app, email_of
from tests.browser.phones import HERE, Phone
from tests.browser.weak_link import GOOD, WeakLink

FLAGS = [
    "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
    "--disable-background-networking",
]  # fmt: skip
DESK, PHONE = {"width": 1600, "height": 900}, {"width": 390, "height": 844}
PATIENCE_MS = 60_000
expect.set_options(timeout=20_000)  # two browsers on two cores draw by software


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.path).parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine: install Debian's package `chromium`")
    if not (ROOT / "static/vendor/maplibre/maplibre-gl.mjs").exists():
        pytest.skip("static/vendor is empty: run `make setup`")
    playwright: Playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with a mission of its own for each file of tests."""
    app = build_app(tmp_path_factory.mktemp("mission"))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    app.extensions["fom"].close()
    server.shutdown()
    thread.join(10)


@dataclass
class Visit:
    """One signed-in browser window and everything that went wrong in it."""

    context: BrowserContext
    page: Page
    address: str
    troubles: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def open_map(self, path: str = "/") -> Page:
        self.go(path)
        self.page.locator("[data-live-map][data-ready]").wait_for(timeout=PATIENCE_MS)
        self.page.locator("[data-route-list] a").first.wait_for(state="attached", timeout=PATIENCE_MS)
        return self.page


Opener = Callable[..., Visit]


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Opener]:
    """Open windows: `visit("duty", theme="light", size=PHONE, scripts=False)`; each is checked when the test ends."""
    opened: list[Visit] = []

    def open_window(
        person: str | None, *, theme: str = "dark", size: dict[str, int] | None = None, scripts: bool = True
    ) -> Visit:
        context = chromium.new_context(viewport=size or DESK, java_script_enabled=scripts, has_touch=size == PHONE)
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "theme", "value": theme, "url": address}])
        seen = Visit(context, context.new_page(), address)
        listen(seen)
        if person is not None:
            page = seen.go("/login?next=/air-heads" if person != "auditor" else "/login?next=/login")
            page.fill("#email", email_of(person))
            page.fill("#password", PASSWORD)
            page.click("form button.main")
            page.wait_for_load_state()
        opened.append(seen)
        return seen

    yield open_window
    for seen in opened:
        seen.context.close()
    assert [trouble for seen in opened for trouble in seen.troubles] == []


def listen(seen: Visit) -> None:
    """Note console errors, failed pages and any request to another host."""
    host = urlsplit(seen.address).netloc
    page, troubles = seen.page, seen.troubles
    page.on("console", lambda m: troubles.append(f"console: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda e: troubles.append(f"script: {e}"))

    def check(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("blob", "data") and parts.netloc != host:
            troubles.append(f"outside request: {url}")

    page.on("request", lambda request: check(request.url))


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WeakLink]:
    link = WeakLink(tmp_path_factory.mktemp("mission"))
    yield link
    link.close()


@pytest.fixture(scope="module")
def only_phone(chromium: Browser, link: WeakLink) -> Iterator[Phone]:
    """One phone for the tests that do not turn its clock: installing the app takes longer than most of them."""
    phone = Phone(chromium, link, viewport=PHONE, geolocation=HERE, permissions=["geolocation"])
    phone.sign_in()
    yield phone
    phone.context.close()


@pytest.fixture
def phone(only_phone: Phone, link: WeakLink) -> Iterator[Phone]:
    """The phone with a good link, signed in, at the first page, with nothing kept of the test before."""
    link.mode = GOOD
    link.bodies.clear()
    only_phone.context.set_offline(False)
    only_phone.context.set_geolocation(HERE)
    page = only_phone.kill()
    page.evaluate(
        """async () => { const { clear, keep } = await import('/static/field/store.js');
        await clear('items'); await clear('points'); await clear('photos');
        await keep('trip', null); await keep('defaults', null); await keep('questions', []);
        await keep('gps', false); }"""
    )
    only_phone.kill()
    if only_phone.context.request.get(f"{link.address}/api/v1/me").json().get("email") != email_of("patrol"):
        only_phone.sign_in()
    only_phone.ready()
    yield only_phone
    link.mode = GOOD
    assert only_phone.errors == []


@pytest.fixture
def own_phone(chromium: Browser, link: WeakLink) -> Iterator[Phone]:
    """A phone whose clock may be turned."""
    link.mode = GOOD
    link.bodies.clear()
    phone = Phone(chromium, link, viewport=PHONE, geolocation=HERE, permissions=["geolocation"])
    phone.sign_in()
    yield phone
    link.mode = GOOD
    phone.context.close()
    assert phone.errors == []
