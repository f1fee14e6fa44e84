"""The single table from state to letter, word, colour, pattern and width; map, legend, lists and print all read it.

Colours are names of `static/css/tokens.css`, the one place that holds them; `read_tokens` resolves them for a theme.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fom.domain.states import State

TOKENS = Path(__file__).parents[2] / "static" / "css" / "tokens.css"
THEMES = ("dark", "light", "night")


@dataclass(frozen=True, slots=True)
class StateStyle:
    """How one state looks. Lengths are multiples of `w`, the width of a key route (`ROUTE_WIDTH`)."""

    letter: str
    word: str
    meaning: str
    token: str
    """Prefix of its colours: `--<token>` fill, `--<token>-on` ink on the fill, `--<token>-t` text."""
    width: float
    dash: float | None
    gap: float | None
    """None, None = unbroken."""
    is_round: bool = False
    crossed_every: float | None = None
    has_letters: bool = True
    """Whether letter discs stand on its stretches on the map."""


STYLES: dict[State, StateStyle] = {
    State.GREEN: StateStyle(
        "O", "open", "Freshly verified by passage; nothing limits it.", "g", 1.0, None, None, has_letters=False
    ),
    State.AMBER: StateStyle("C", "caution", "Passable under the conditions below.", "a", 1.0, 2.2, 1.3),
    State.GREY: StateStyle(
        "?", "unknown", "Nobody can say. Not to be planned on.", "u", 1.18, 0.0, 1.85, is_round=True
    ),
    State.RED: StateStyle(
        "R", "restricted", "Move only with a JOC release: escort, search or permission.", "r", 1.5, 3.6, 0.9
    ),
    State.BLACK: StateStyle("X", "closed", "Do not use.", "x", 1.25, None, None, crossed_every=3.0),
}
"""Source: doctrine, section 3 (letters, colours, patterns); lengths are a project decision of the design language."""

ROUTE_WIDTH = ((7, 2.6), (10, 4.2), (13, 6.4))
"""(zoom, pixels): `w`, interpolated; other roads have OTHER_ROADS of it."""
OTHER_ROADS = 0.6
CASING_PX = 1.5
STATE_FROM_ZOOM = {"secondary": 9, "all": 11}
"""Zoom from which roads that are no key routes carry state; below they are neutral hairlines."""
HALF_LIFE_USED, NEARLY_USED = 0.5, 0.8
"""Shares of a verification's life after which an open road is drawn hollow, then as two rails."""
ENDS_SOON_H = 12.0
"""Hours left below which it is two rails whatever the share."""
LETTER_EVERY_PX = 300
PLATE_EVERY_PX = 400

_LETTERS = {style.letter: style for style in STYLES.values()}
NO_LETTER = "-"


def letter_of(state: int) -> str:
    """Return the letter of a state number, `-` for no such direction."""
    return STYLES[State(state)].letter if state <= max(State) else NO_LETTER


def word_of(letter: str | None) -> str:
    """Return the word people see for a letter."""
    return _LETTERS[letter].word if letter in _LETTERS else "no such direction"


def meaning_of(letter: str | None) -> str:
    """Return one sentence on what the state allows."""
    return _LETTERS[letter].meaning if letter in _LETTERS else ""


def map_style_values() -> dict[str, Any]:
    """Return what the map's scripts need of this module, ready for JSON; states by number, in order of severity."""
    return {
        "states": [asdict(STYLES[state]) for state in State],
        "route_width": ROUTE_WIDTH,
        "other_roads": OTHER_ROADS,
        "casing_px": CASING_PX,
        "state_from_zoom": STATE_FROM_ZOOM,
        "half_used": HALF_LIFE_USED,
        "nearly_used": NEARLY_USED,
        "ends_soon_h": ENDS_SOON_H,
        "letter_every_px": LETTER_EVERY_PX,
        "plate_every_px": PLATE_EVERY_PX,
    }


@cache
def read_tokens(theme: str) -> dict[str, str]:
    """Return every custom property of a theme, without the leading dashes; light and night inherit what they leave out.

    Raises
    ------
    KeyError
        No such theme in the token file.
    """
    if theme not in THEMES:
        raise KeyError(theme)
    text = re.sub(r"/\*.*?\*/", "", TOKENS.read_text(), flags=re.DOTALL)
    blocks = re.findall(r'(:root|\[data-theme="(\w+)"\])\s*\{([^}]*)\}', text)
    tokens: dict[str, str] = {}
    for selector, name, body in blocks:
        if selector == ":root" or name == theme:
            tokens.update((key, value.strip()) for key, value in re.findall(r"--([\w-]+):\s*([^;]+);", body))
    if not any(name == theme for _, name, _ in blocks) and theme != THEMES[0]:
        raise KeyError(theme)
    return tokens
