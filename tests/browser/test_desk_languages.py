"""Does the desk work in Arabic: on an Arabic keyboard, right to left, with nothing out of its box, wide and narrow?"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from fom.services.form_words import desk_words
from tests.browser.conftest import DESK, PHONE, Opener
from tests.browser.test_desk import open_desk, press, send, state_of

ARABIC_LAYOUT = {"KeyJ": "ت", "KeyK": "ن", "KeyG": "ل", "KeyB": "لا", "KeyA": "ش", "Digit2": "٢", "Slash": "؟"}
"""Place of a key -> what an Arabic keyboard writes there."""

RUN_OVER = """() => {
  const found = [];
  for (const node of document.querySelectorAll('main *')) {
    const style = getComputedStyle(node), box = node.getBoundingClientRect();
    if (!box.width || node.closest('.visually-hidden, [data-desk-map], svg') || style.display === 'inline') continue;
    const isCut = style.overflowX !== 'visible' && style.textOverflow === 'ellipsis';
    const isLeaf = !node.children.length && !['INPUT', 'TEXTAREA', 'SELECT', 'OPTION'].includes(node.tagName);
    if (isLeaf && !isCut && node.scrollWidth > node.clientWidth + 1) found.push(node.textContent.slice(0, 60));
    if (node.closest('.grid') || ['auto', 'scroll'].includes(style.overflowX)) continue;
    if (box.right > innerWidth + 1 || box.left < -1) found.push(`${node.tagName} ${node.textContent.slice(0, 60)}`);
  }
  return { found, wide: document.documentElement.scrollWidth - innerWidth };
}"""
"""What sticks out of the window, or of its own box."""


def type_arabic(page: Page, *codes: str) -> None:
    """Press keys as an Arabic keyboard gives them."""
    for code in codes:
        page.evaluate(
            """([key, code]) => document.activeElement.dispatchEvent(
              new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true }))""",
            [ARABIC_LAYOUT[code], code],
        )


def said(key: str, **values: Any) -> str:
    family, name = key.split(".")
    return str(desk_words("ar")[family][name]).format(**{k: f"\u2068{v}\u2069" for k, v in values.items()})


def test_the_desk_is_driven_in_arabic_on_an_arabic_keyboard(visit: Opener) -> None:
    patrol, duty = visit("patrol"), visit("duty")
    one, two = send(patrol, "a-b", 0.35), send(patrol, "d-e", 0.35)
    open_desk(duty, "/desk?language=ar")
    page = open_desk(duty, f"/desk?report={one}")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    assert page.locator(".queue").bounding_box()["x"] > page.locator(".judge").bounding_box()["x"]  # type: ignore[index]
    links = page.locator("[data-queue] a")
    at = next(n for n, link in enumerate(links.all()) if one in (link.get_attribute("href") or ""))
    type_arabic(page, "KeyJ" if at + 1 < links.count() else "KeyK")
    expect(page).not_to_have_url(re.compile(one))
    page = open_desk(duty, f"/desk?report={one}")
    type_arabic(page, "Slash")
    expect(page.get_by_role("dialog")).to_contain_text(said("help.title"))
    press(page, "Escape")
    type_arabic(page, "KeyG", "KeyB", "Digit2")
    expect(page.locator("[data-preview] h2")).to_have_text(said("judge.if_you_set", grade="B2"))
    expect(page.locator("[data-preview]")).to_contain_text(desk_words("ar")["state"]["X"])  # type: ignore[arg-type]
    press(page, "Enter")
    expect(page.get_by_role("status")).to_contain_text("B2")
    assert state_of(duty, "a-b.3") == "BLACK"
    assert two


@pytest.mark.deep
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_nothing_runs_out_of_its_box(visit: Opener, language: str, size: dict[str, int]) -> None:
    report_id = send(visit("patrol"), "b-c", 0.45)
    eod = visit("eod", size=size)
    open_desk(eod, f"/desk?language={language}")
    record = eod.context.request.get(f"{eod.address}/api/v1/reports/{report_id}").json()["records"][0]["id"]
    for path in ("/desk", f"/desk?report={report_id}", f"/desk/close/{record}"):
        page = eod.go(path)
        page.wait_for_load_state()
        for details in page.locator("main details").all():
            details.evaluate("(node) => { node.open = true; }")
        assert page.evaluate(RUN_OVER) == {"found": [], "wide": 0}, path
