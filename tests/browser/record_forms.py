"""Record every step of every form of the field app: `python -m tests.browser.record_forms ADDRESS FOLDER`.

Walks home, picture, area, outbox and settings, then each form with its details and its last look, on a phone and on a
desk, in English, French and Arabic, each step in the three themes. Works on a demo mission that is being served. The
forms are walked without a link: nothing is sent. `sheet-….png` show many steps at a glance. What a person would stumble
over is measured besides and told at the end: content wider than the screen, targets under 44 pixels, English left over.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from fom.cli.demo import DEMO_PASSWORD
from tests.browser.conftest import DESK, PATIENCE_MS, PHONE, ROOT
from tests.browser.record_walk import chromium

LANGUAGES = ("ar", "fr", "en")
THEMES = ("dark", "light", "night")
DEVICES = {"phone": PHONE, "desk": DESK}
TOUCH_PX = 44
SHEET_COLUMNS, SHEET_WIDTH, SHEET_HEIGHT = 8, 260, 563
TEXT = "Heron 2, 14:30"
"""What is written into every text: figures and Latin letters, which Arabic must keep in their order."""


class Recording:
    """The pictures of one device in one language, and what was measured on the way."""

    def __init__(self, page: Page, folder: Path, device: str, language: str, themes: Sequence[str]) -> None:
        self.page, self._themes = page, themes
        self.words = json.loads((ROOT / f"static/field/words/{language}.json").read_text("utf-8"))
        self._folder, self._device, self._language = folder, device, language
        self._english = english_only(language)
        self._taken: list[str] = []
        self.faults: list[str] = []

    def take(self, name: str) -> None:
        """Keep what is shown now in every theme, and measure it."""
        number = f"{len(self._taken):02d}-{name}"
        self._taken.append(number)
        for theme in self._themes:
            self.page.evaluate(SHOWN, theme)
            self.page.wait_for_timeout(60)
            self.page.screenshot(path=self._file(number, theme), full_page=True)
        self.faults += [f"{self._device} {self._language} {number}: {fault}" for fault in self._measured()]

    def sheets(self) -> None:
        """Put the pictures of each theme together."""
        for theme in self._themes:
            tiles = [Image.open(self._file(number, theme)).convert("RGB") for number in self._taken]
            compose(tiles, self._folder / f"sheet-{self._device}-{self._language}-{theme}.png")

    def _file(self, number: str, theme: str) -> Path:
        return self._folder / f"{self._device}-{self._language}-{number}-{theme}.png"

    def _measured(self) -> Iterator[str]:
        found = self.page.evaluate(MEASURE, TOUCH_PX)
        yield from found["faults"]
        for text in found["texts"]:
            if text.strip() in self._english:
                yield f"English: {text.strip()!r}"


SHOWN = """(theme) => {
  document.documentElement.dataset.theme = theme;
  for (const map of document.querySelectorAll('canvas')) map.dispatchEvent(new WheelEvent('wheel'));
  // of a long page the bars at its edges would stand in the middle of the picture
  for (const bar of document.querySelectorAll('.bottom, .send-bar, .banner')) bar.style.position = 'static';
}"""


MEASURE = """(least) => {
  const faults = [], texts = [], root = document.documentElement;
  if (root.scrollWidth > innerWidth) faults.push(`page ${root.scrollWidth - innerWidth} px too wide`);
  const words = (node) => node.innerText || node.getAttribute('aria-label') || '';
  const name = (node) => `${node.tagName.toLowerCase()} ${words(node).slice(0, 40)}`;
  const isHidden = (node) => node.classList.contains('visually-hidden');
  for (const node of document.querySelectorAll('button, a, input, select, textarea, label.option, label.asked-box')) {
    if (node.tagName === 'INPUT' && node.closest('label.option, label.asked-box')) continue;
    const { width, height } = node.getBoundingClientRect();
    if (!width || isHidden(node) || Math.min(width, height) >= least - 0.5) continue;
    faults.push(`${Math.round(width)} × ${Math.round(height)} px: ${name(node)}`);
  }
  const typed = ['INPUT', 'TEXTAREA', 'SELECT', 'OPTION', 'CANVAS'];
  for (const node of document.querySelectorAll('.field-app *')) {
    const style = getComputedStyle(node), isLeaf = node.children.length === 0 && !typed.includes(node.tagName);
    const isOver = node.scrollWidth > node.clientWidth + 1 && style.display !== 'inline';
    if (isLeaf && isOver && !isHidden(node)) faults.push(`cut or run over: ${name(node)}`);
    for (const child of node.childNodes) if (child.nodeType === 3) texts.push(child.textContent);
    const isGrid = /\\b\\d{1,2}[A-Z] ?[A-Z]{2} ?\\d+ \\d+\\b|\\d+°\\d+/.test(node.textContent);
    if (isLeaf && isGrid && style.direction !== 'ltr') faults.push(`not left to right: ${node.textContent}`);
  }
  return { faults, texts };
}"""


def english_only(language: str) -> set[str]:
    """Return the English words of the app and the forms that a language says otherwise."""
    if language == "en":
        return set()
    app = {name: json.loads((ROOT / f"static/field/words/{name}.json").read_text("utf-8")) for name in ("en", language)}
    forms = {name: json.loads((ROOT / f"geodata/words/{name}.json").read_text("utf-8")) for name in ("en", language)}
    said = [(app["en"], app[language]), *((forms["en"][part], forms[language][part]) for part in forms["en"])]
    return {text for english, other in said for key, text in english.items() if other[key] != text and " " in text}


def compose(tiles: list[Image.Image], path: Path) -> None:
    """Write tiles side by side, each scaled to one width and cut at the height of a screen and a half."""
    small = []
    for tile in tiles:
        scaled = tile.resize((SHEET_WIDTH, round(tile.height * SHEET_WIDTH / tile.width)))
        small.append(scaled.crop((0, 0, SHEET_WIDTH, min(scaled.height, round(SHEET_HEIGHT * 1.5)))))
    rows = [small[first : first + SHEET_COLUMNS] for first in range(0, len(small), SHEET_COLUMNS)]
    heights = [max(tile.height for tile in row) for row in rows]
    sheet = Image.new("RGB", (SHEET_COLUMNS * (SHEET_WIDTH + 8), sum(heights) + 8 * len(rows)), "#808080")
    top = 0
    for row, height in zip(rows, heights, strict=True):
        for column, tile in enumerate(row):
            sheet.paste(tile, (column * (SHEET_WIDTH + 8), top))
        top += height + 8
    sheet.save(path)


def record(recording: Recording) -> None:
    """Walk the pages, then every form to its end and through its details."""
    page = recording.page
    for tab in ("report", "picture", "area", "outbox", "me"):
        go(page, tab)
        page.wait_for_timeout(400)
        recording.take(tab)
    go(page, "area")
    for kind in page.locator("[data-kind]").all():
        kind.click()
    for code in ("place", "route"):
        page.locator(f"[data-kind={code}]").click()
        recording.take(f"area-{code}")
    page.context.set_offline(True)
    go(page, "report")
    codes = [tile.get_attribute("data-form") or "" for tile in page.locator("[data-form]").all()]
    for code in codes:
        go(page, "report")
        page.locator(f"[data-form={code}]").click()
        walk_form(recording, code)
        page.locator(".sent").wait_for()
        recording.take(f"{code}-sent")
        more = page.get_by_role("button", name=recording.words["add_details"])
        if more.count():
            more.click()
            walk_form(recording, f"{code}-more")
            page.locator(".sent").wait_for()
    go(page, "outbox")
    recording.take("outbox-full")
    go(page, "me")
    recording.take("me-full")


def walk_form(recording: Recording, code: str) -> None:
    """Answer every question of a form, with a picture before and after, and queue it."""
    page, words = recording.page, recording.words
    steps = page.locator(".steps .end")
    steps.wait_for()
    for number in range(40):
        page.locator(".form-step h1").wait_for()
        if page.get_by_role("heading", name=words["review"], exact=True).count():
            break
        told = steps.inner_text()
        recording.take(f"{code}-{number}")
        answer(recording, f"{code}-{number}")
        if steps.count() and steps.inner_text() == told:
            page.locator(".send-bar .main").click()
        expect(steps).not_to_have_text(told)
    recording.take(f"{code}-review")
    page.locator(".send-bar .main").click()


def answer(recording: Recording, name: str) -> None:
    """Answer the question that is shown, whatever its kind."""
    page, words = recording.page, recording.words
    if page.locator("[data-method=typed]").count():
        if name.startswith(("explosive", "restriction")):
            for method in ("map", "bearing", "km", "name"):
                choose(page, method)
                recording.take(f"{name}-{method}")
        choose(page, "typed")
        page.locator("input[name=position]").fill(position_of(page))
        recording.take(f"{name}-read")
    elif page.locator("[data-method=route]").count():
        for method in ("ends", "draw", "route"):
            choose(page, method)
            if method == "draw":
                for x, y in ((0.35, 0.5), (0.6, 0.45)):
                    box = page.locator("canvas").bounding_box() or {"width": 300, "height": 200}
                    page.locator("canvas").click(position={"x": box["width"] * x, "y": box["height"] * y})
            page.wait_for_timeout(150)
            recording.take(f"{name}-{method}")
    elif page.locator(".form-step textarea").count():
        page.locator(".form-step textarea").first.fill(TEXT)
    elif page.locator(".form-step input[inputmode]").count() and not page.locator(".form-step [data-code=now]").count():
        field = page.locator(".form-step input[inputmode=numeric], .form-step input[inputmode=decimal]").first
        if field.is_visible():
            field.fill("999999999")
            recording.take(f"{name}-refused")
            is_hour = field.get_attribute("placeholder") == "HHMM"
            field.fill("1200" if is_hour else "3")
            if is_hour:
                page.locator(".form-step input[type=date]").fill("2030-01-31")
    elif page.locator(".form-step label.option input").count():
        page.locator(".form-step label.option").first.click()
    elif page.locator(".form-step .options .option").count():
        page.locator(".form-step .options .option").first.click()
        page.wait_for_timeout(150)
    if page.get_by_role("button", name=words["another_time"]).count():
        page.get_by_role("button", name=words["another_time"]).click()
        recording.take(f"{name}-when")


def choose(page: Page, method: str) -> None:
    """Press one of the ways to say where, the others brought back first."""
    if page.locator(f"[data-method={method}]").is_hidden():
        page.locator(".others").click()
    page.locator(f"[data-method={method}]").click()


def position_of(page: Page) -> str:
    """Return where the phone is, as a person would type it."""
    lon, lat = page.evaluate("async () => (await import('/static/field/gps.js')).gps.fix.at")
    return f"{abs(lat):.5f}{'N' if lat >= 0 else 'S'} {abs(lon):.5f}{'E' if lon >= 0 else 'W'}"


def go(page: Page, tab: str) -> None:
    """Show a page of the app."""
    page.evaluate("(tab) => { location.hash = tab; }", tab)
    page.locator(f"html[data-ready={tab}]").wait_for(state="attached")


@contextmanager
def app_in(browser: Browser, address: str, device: str, language: str) -> Iterator[Page]:
    """Yield the app, signed in, with a picture around the middle of a key route, on a device in a language."""
    size = DEVICES[device]
    context = browser.new_context(
        viewport=size, has_touch=size == PHONE, permissions=["geolocation"], reduced_motion="reduce"
    )  # type: ignore[arg-type]
    context.set_default_timeout(3 * PATIENCE_MS)
    context.add_init_script(f"localStorage.setItem('field-language', '{language}')")
    page = context.new_page()
    page.goto(f"{address}/login?next=/field")
    page.fill("#email", "patrol@demo.example")
    page.fill("#password", DEMO_PASSWORD)
    page.click("form button.main")
    page.locator(".bigtiles").wait_for()
    page.locator("html[data-shell]").wait_for(state="attached")
    routes: list[dict[str, Any]] = context.request.get(f"{address}/api/v1/layers/routes").json()["features"]
    lon, lat = routes[0]["geometry"]["coordinates"][len(routes[0]["geometry"]["coordinates"]) // 3]
    context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 8})
    page.evaluate(
        """async ([lon, lat]) => {
        const { keepWish } = await import('/static/field/wish.js');
        const { refreshBundle } = await import('/static/field/contact.js');
        const { turnOn } = await import('/static/field/gps.js');
        await keepWish({ kind: 'place', name: 'Bana', lon, lat, radius_km: 5 });
        for (let i = 0; i < 5 && !(await refreshBundle({ isNew: true }).catch(() => false)); i++) await 0;
        turnOn(); }""",
        [lon, lat],
    )
    yield page
    context.close()


def main(address: str, folder: Path, *wanted: str) -> None:
    """Record into a folder; `wanted` limits it to some devices, languages and themes (`phone`, `ar`, `dark`)."""
    folder.mkdir(parents=True, exist_ok=True)
    faults: list[str] = []
    with chromium() as browser:
        for device in [name for name in DEVICES if name in wanted] or DEVICES:
            for language in [name for name in LANGUAGES if name in wanted] or LANGUAGES:
                with app_in(browser, address.rstrip("/"), device, language) as page:
                    themes = [name for name in THEMES if name in wanted] or THEMES
                    recording = Recording(page, folder, device, language, themes)
                    try:
                        record(recording)
                    finally:
                        recording.sheets()
                        faults += recording.faults
                print(f"{device} {language}: {len(recording.faults)} faults", flush=True)
    told = sorted({re.sub(r" \d\d-[\w-]+:", ":", fault) for fault in faults})
    print("\n".join(told))
    (folder / "faults.txt").write_text("\n".join(faults) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
