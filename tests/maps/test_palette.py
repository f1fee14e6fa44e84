"""Does the token file hold what the design language promises: text that can be read, states that can be told apart?"""

import re
from pathlib import Path

import numpy as np
import pytest

from fom.domain.states import State
from fom.maps.style import STYLES, THEMES, TOKENS, letter_of, map_style_values, read_tokens, word_of
from tests.maps.colour import contrast, difference, smallest_difference

STATIC = Path(__file__).parents[2] / "static"
TEXTS = ("ink", "ink-2", "ink-3", "accent", "g-t", "a-t", "u-t", "r-t", "x-t")
DAYLIGHT = ("dark", "light")


def state_colours(theme: str) -> list[str]:
    return [read_tokens(theme)[style.token] for style in STYLES.values()]


def test_the_difference_formula_agrees_with_published_pairs() -> None:
    # Sharma, Wu, Dalal 2005, table 1, pairs 1, 5, 13, 25
    pairs = [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1.1848, -84.8006), (50, 0, -82.7485), 1.0000),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ]
    for one, other, expected in pairs:
        assert difference(np.array(one), np.array(other)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("theme", DAYLIGHT)
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("surface", ["s-1", "s-3"])
def test_text_reaches_aa_on_near_and_far_surfaces(theme: str, text: str, surface: str) -> None:
    tokens = read_tokens(theme)
    assert contrast(tokens[text], tokens[surface]) >= 4.5


@pytest.mark.parametrize("theme", DAYLIGHT)
def test_letters_can_be_read_on_their_state_and_words_on_buttons(theme: str) -> None:
    tokens = read_tokens(theme)
    for name in ("g", "a", "r", "x"):
        assert contrast(tokens[name], tokens[f"{name}-on"]) >= 4.5
    assert contrast(tokens["accent"], tokens["on-accent"]) >= 4.5


@pytest.mark.parametrize("theme", DAYLIGHT)
@pytest.mark.parametrize("vision", ["normal", "protanopia", "deuteranopia", "tritanopia"])
def test_states_stay_apart_for_every_colour_vision(theme: str, vision: str) -> None:
    assert smallest_difference(state_colours(theme), vision) >= 14


@pytest.mark.parametrize("theme", THEMES)
def test_states_stay_apart_in_greyscale(theme: str) -> None:
    assert smallest_difference(state_colours(theme), "greyscale") >= 7


def test_the_figures_of_the_design_language_are_reproduced() -> None:
    expected = {"dark": (27.7, 17.8, 15.4, 25.0), "light": (25.0, 16.5, 14.5, 20.5), "night": (9.2, 7.6, 9.9, 9.2)}
    for theme, figures in expected.items():
        for vision, figure in zip(("normal", "protanopia", "deuteranopia", "tritanopia"), figures, strict=True):
            assert smallest_difference(state_colours(theme), vision) == pytest.approx(figure, abs=0.2)


@pytest.mark.parametrize("theme", DAYLIGHT)
def test_every_state_stands_out_from_the_land_by_its_fill_its_rim_or_its_pattern(theme: str) -> None:
    tokens = read_tokens(theme)
    rims = {"a": tokens["m-case-a"], "x": tokens["x-out"]}
    for style in STYLES.values():
        fills = [tokens[style.token], *([rims[style.token]] if style.token in rims else [])]
        strongest = max(contrast(fill, tokens["m-land"]) for fill in fills)
        assert strongest >= 2.99


def test_every_state_differs_from_every_other_in_letter_word_and_pattern() -> None:
    assert set(STYLES) == set(State)
    for names in (
        {s.letter for s in STYLES.values()},
        {s.word for s in STYLES.values()},
        {(s.dash, s.gap, s.is_round, s.crossed_every) for s in STYLES.values()},
    ):
        assert len(names) == len(State)
    assert [letter_of(state) for state in State] == list("OC?RX")
    assert letter_of(255) == "-"
    assert word_of(None) == "no such direction"
    assert [s["letter"] for s in map_style_values()["states"]] == list("OC?RX")


def test_no_colour_stands_outside_the_token_file() -> None:
    not_colours = re.compile(r"/\*.*?\*/|url\([^)]*\)|href=\"[^\"]*\"", re.DOTALL)
    literal = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(")
    allowed = {"tokens.css", "favicon.svg"}
    files = [*STATIC.glob("css/*.css"), *STATIC.glob("field/*.*s*"), *STATIC.glob("*.svg"), *STATIC.glob("js/**/*.js")]
    offenders = [
        f"{file.name}: {match.group()}"
        for file in files
        if file.name not in allowed
        for match in literal.finditer(not_colours.sub("", file.read_text()))
        if match.group() not in ("#000000", "#ffffff")
    ]
    assert offenders == []


def test_every_token_that_a_sheet_or_drawing_names_exists() -> None:
    names = {*read_tokens("dark"), "then-words"}  # words, which a page sets
    for file in [*STATIC.glob("css/*.css"), *STATIC.glob("*.svg"), *STATIC.glob("js/**/*.js")]:
        for name in re.findall(r"var\(--([\w-]+)\)|token\(\"([\w-]+)\"\)", file.read_text()):
            assert (name[0] or name[1]) in names, f"{file.name}: {name}"


def test_an_unknown_theme_is_an_error_not_a_default() -> None:
    with pytest.raises(KeyError):
        read_tokens("sepia")
    assert TOKENS.exists()
