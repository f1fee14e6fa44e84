"""Does the phone read positions as the service does? One table, random squares and writings, held against both."""

from __future__ import annotations

import random

import pytest
from playwright.sync_api import Page

from fom.domain.mgrs_grid import format_mgrs, read_square
from fom.domain.positions import format_dm, is_grid_reference, parse_position, written_doubt_m
from fom.errors import InvalidInput
from tests.browser.conftest import Opener
from tests.domain.test_positions import SAME

REFUSED = {
    "7 18.6 18 12.3": "which_first",
    "7.31, 108.2": "swapped",
    "0, 0": "zero",
    "200, 7": "off_the_globe",
    "7.31N 18.2N": "axis_twice",
    "-7.31S 18.2E": "sign_and_letter",
    "7°61'S 18°E": "over_sixty",
    "33M WN 123": "odd_digits",
    "33M WN": "odd_digits",
    "WN 1234 5678": "no_zone",
    "33I WN 12 34": "i_and_o",
    "ZAH 12 34": "polar",
    "61M WN 12 34": "bad_zone",
    "33M ZZ 12 34": "no_square",
    "": "empty",
    "near the market": "no_grid",
    "7.31N": "no_pair",
    "N 7.31 7.32": "over_sixty",
}
READ_ALL = """async (texts) => { const { parsePosition, twoForms } = await import('/static/field/position.js');
return texts.map((text) => { try { const { lon, lat } = parsePosition(text); return [lon, lat, ...twoForms(lon, lat)]; }
catch (refused) { if (!refused.code) throw refused; return refused.code; } }); }"""
MEANINGS = """async ([text, box]) => { const { meanings } = await import('/static/field/position.js');
const { places, ask } = meanings(text, box); return [places.map(({ lon, lat }) => [lon, lat]), ask]; }"""
BOX = [29.5, 4.5, 30.7, 5.6]


@pytest.fixture
def page(visit: Opener) -> Page:
    return visit(None).go("/login")


def drawn(count: int) -> list[str]:
    """Return positions in every writing, from everywhere between the polar grids."""
    chance, texts = random.Random(9), []
    for _ in range(count):
        lon, lat = chance.uniform(-180, 180), chance.uniform(-79.9, 83.9)
        grid = format_mgrs(lon, lat, digits=chance.choice((2, 4, 6, 8, 10)))
        dms = format_dm(lon, lat)
        texts += [grid, grid.replace(" ", "").lower(), dms, dms.replace("'", "′"), f"{lon:.6f}, {lat:.6f}"]
        texts += [f"{abs(lat):.5f}{'N' if lat >= 0 else 'S'} {abs(lon):.5f}{'E' if lon >= 0 else 'W'}"]
    return [text for text in texts if is_read(text)]


def is_read(text: str) -> bool:
    try:
        parse_position(text)
    except InvalidInput:
        return False
    return True


def test_both_read_the_same_place_and_say_it_back_alike(page: Page) -> None:
    texts = [*SAME, *drawn(150), "33N WF 1 2", "01C AA 5 5"]
    texts = [text for text in texts if is_read(text)]
    assert len(texts) > 500
    for text, told in zip(texts, page.evaluate(READ_ALL, texts), strict=True):
        lon, lat, _ = parse_position(text)
        assert not isinstance(told, str), f"{text!r}: the phone says {told}"
        assert told[:2] == pytest.approx([lon, lat], abs=2e-8), text
        at = read_square(told[2])
        assert at.lat == pytest.approx(lat, abs=2e-5)


def test_both_say_the_same_grid_and_degrees(page: Page) -> None:
    chance = random.Random(5)
    places = [(chance.uniform(-179.9, 179.9), chance.uniform(-79.9, 83.9)) for _ in range(300)]
    told = page.evaluate(READ_ALL, [f"{lon:.9f}, {lat:.9f}" for lon, lat in places])
    same = 0
    for (lon, lat), (_, _, grid, degrees) in zip(places, told, strict=True):
        assert degrees == format_dm(round(lon, 9), round(lat, 9))
        same += grid == format_mgrs(round(lon, 9), round(lat, 9))
    assert same >= 298, "a figure on the edge of a metre may fall to either side"


def test_both_refuse_the_same_and_the_phone_has_words_for_each(page: Page) -> None:
    told = page.evaluate(READ_ALL, list(REFUSED))
    assert dict(zip(REFUSED, told, strict=True)) == REFUSED
    for text in REFUSED:
        with pytest.raises(InvalidInput):
            parse_position(text)
    words = page.evaluate("async () => (await fetch('/static/field/words/en.json')).json()")
    assert {f"refused_{code}" for code in REFUSED.values() if code not in ("which_first", "swapped")} <= set(words)


def test_arabic_figures_are_figures(page: Page) -> None:
    [told] = page.evaluate(READ_ALL, ["٥.٠٥N، ٣٠.٠٩E"])
    assert told[:2] == pytest.approx([30.09, 5.05])


@pytest.mark.parametrize(
    ("text", "places", "ask"),
    [
        ("30.09, 5.05", [[30.09, 5.05]], None),
        ("5.05, 30.09", [[30.09, 5.05]], "swap"),
        ("5.05N 30.09E", [[30.09, 5.05]], None),
        ("5.05N 31.9E", [[31.9, 5.05]], "outside"),
        ("5 03.0 30 05.4", [[5.05, 30.09], [30.09, 5.05]], "swap"),
        ("41.1, 12.2", [[41.1, 12.2], [12.2, 41.1]], "swap"),
    ],
)
def test_what_may_be_meant_otherwise_is_asked(
    page: Page, text: str, places: list[list[float]], ask: str | None
) -> None:
    found, asked = page.evaluate(MEANINGS, [text, BOX])
    assert asked == ask
    assert [pytest.approx(place, abs=1e-9) for place in places] == found


def test_a_missing_zone_is_looked_for_only_inside_the_mission(page: Page) -> None:
    grid = format_mgrs(30.09, 5.05, digits=8)
    found, asked = page.evaluate(MEANINGS, [grid.split(" ", 1)[1], BOX])
    assert asked == "zone"
    assert [pytest.approx([30.09, 5.05], abs=2e-4)] == found
    far = format_mgrs(25.09, 25.05, digits=8).split(" ", 1)[1]
    refused = page.evaluate(
        f"async (asked) => {{ try {{ await ({MEANINGS})(asked); }} catch (e) {{ return e.code; }} }}", [far, BOX]
    )
    assert refused == "no_zone"


def test_both_leave_the_same_doubt_to_what_is_not_written(page: Page) -> None:
    texts = [text for text in (*SAME, "7°18'S 18°12'E", "18, -7") if not is_grid_reference(text)]
    found = page.evaluate(
        "async (texts) => texts.map((await import('/static/field/position.js')).writtenDoubt)",
        texts,
    )
    assert found == pytest.approx([written_doubt_m(text) for text in texts], rel=1e-12)
