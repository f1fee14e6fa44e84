"""What every page stands in: theme, tabs, words and figures as people read them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, redirect, request, url_for

from fom.domain.access import may
from fom.domain.instants import DAY_US, HOUR_US, MINUTE_US, from_us, parse_instant
from fom.maps.style import THEMES, meaning_of, word_of
from fom.web.access import find_actor, public
from fom.web.edge import edge

THEME_COOKIE = "theme"
YEAR_S = 365 * 24 * 3600
TABS = (
    ("map", "/", "read_picture"),
    ("desk", "/desk", "read_reports"),
    ("report", "/field", "send_report"),
    ("routes", "/routes", "read_picture"),
    ("planner", "/planner", "read_picture"),
    ("movements", "/movements", "read_picture"),
    ("restrictions", "/restrictions", "read_restriction_cases"),
    ("benchmarks", "/benchmarks", "read_benchmarks"),
    ("my_routes", "/my-routes", "read_picture"),
    ("registers", "/registers", "read_picture"),
    ("air_heads", "/registers/air-heads", "read_picture"),
    ("imports", "/imports", "stage_imports"),
    ("what_ifs", "/what-ifs", "read_picture"),
    ("analysis", "/analysis", "read_picture"),
    ("policy", "/policy", "read_picture"),
    ("networks", "/networks", "see_networks"),
)
"""(code of its name in geodata/words/bar.json, address, action that shows it)"""
TABS_IN_SIGHT = 8
"""So many of an account's pages stand in the bar, the others under "More"."""
ALSO_AT = {"/field": "/report"}
"""Tab -> where the same is done without scripts."""

blueprint = Blueprint("pages", __name__)


@blueprint.post("/theme")
@public
def set_theme() -> Any:
    """Keep the chosen theme in a cookie and go back; for browsers without scripts."""
    theme, target = request.form.get("theme"), request.form.get("next", "/")
    if not target.startswith("/") or target.startswith("//") or "\\" in target:
        target = "/"
    answer: Response = redirect(target)  # type: ignore[assignment]
    if theme in THEMES:
        answer.set_cookie(THEME_COOKIE, theme, max_age=YEAR_S, samesite="Lax")
    return answer


def chosen_theme() -> str:
    """Return the theme of this browser, dark by default."""
    theme = request.cookies.get(THEME_COOKIE)
    return theme if theme in THEMES else THEMES[0]


def visible_tabs() -> list[dict[str, Any]]:
    """Return the pages that the account may open, the present one marked."""
    actor = find_actor()
    path = request.path
    within = [href for _, href, _ in TABS if _is_within(path, href) or _is_within(path, ALSO_AT.get(href))]
    here = max(within, key=len, default=None)  # air heads have a tab of their own among the registers
    return [
        {"code": code, "href": href, "is_here": href == here}
        for code, href, action in TABS
        if actor is not None and may(actor, action)
    ]


def _is_within(path: str, href: str | None) -> bool:
    return href is not None and (path == href or (href != "/" and path.startswith(href + "/")))


def asset(path: str) -> str:
    """Return the address of a static file, with its age so that a new release is never mixed with an old cache."""
    file = Path(current_app.static_folder or "static") / path
    stamp = int(file.stat().st_mtime) if file.is_file() else 0
    return url_for("static", filename=path, v=f"{stamp:x}")


def to_moment(value: int | str | None) -> int | None:
    """Return microseconds of a moment that is a number already, ISO text, or nothing."""
    return parse_instant(value) if isinstance(value, str) else value


def dtg(value: int | str | None) -> str:
    """Return the date-time group of a moment, `231432Z NOV 26`; a dash for none."""
    us = to_moment(value)
    return "–" if us is None else from_us(us).strftime("%d%H%MZ %b %y").upper()


def hhmm(value: int | str | None) -> str:
    """Return hours and minutes of a moment, UTC."""
    us = to_moment(value)
    return "–" if us is None else from_us(us).strftime("%H%M")


def age(value: int | str | None, now: int) -> str:
    """Return how old a moment is in the largest unit that fits; `never` for none."""
    us = to_moment(value)
    return "never" if us is None else duration(now - us)


def duration(us: float) -> str:
    """Return a length of time in the largest unit that fits: 45 min, 31 h, 6 d."""
    if us < HOUR_US:
        return f"{max(0, round(us / MINUTE_US))} min"
    return f"{round(us / HOUR_US)} h" if us < 3 * DAY_US else f"{round(us / DAY_US)} d"


def running_time(seconds: float) -> str:
    """Return a travel time as hours and minutes: `7 h 20`, `45 min`."""
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d}"


def kilometres(metres: float | None, digits: int = 0) -> str:
    """Return metres as kilometres; a dash for none."""
    return "–" if metres is None else f"{metres / 1000:,.{digits}f}".replace(",", " ")


def plain(code: str | None) -> str:
    """Return a code as words: `fair_weather` -> `fair weather`."""
    return (code or "–").replace("_", " ")


_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
ABBREVIATIONS = ("ied", "uxo", "axo", "sha", "cha")


def code_words(code: str | None) -> str:
    """Return a code as words with a capital; abbreviations in capitals."""
    return (code or "").upper() if code in ABBREVIATIONS else plain(code).capitalize()


def shown_text(value: object) -> object:
    """Return a value as it goes into a page: signs that would turn the text around them are told by their number."""
    if type(value) is not str or value.isascii():  # what is marked as HTML has been through here
        return value
    return _TURNING.sub(lambda sign: f"[U+{ord(sign[0]):04X}]", value)


def register(app: Flask) -> None:
    """Attach theme, tabs and filters."""
    app.jinja_env.finalize = shown_text
    app.register_blueprint(blueprint)
    app.add_template_global(asset, "asset")
    filters: dict[str, Callable[..., Any]] = {
        "dtg": dtg, "hhmm": hhmm, "age": age, "duration": duration, "running_time": running_time, "km": kilometres,
        "plain": plain,
        "code_words": code_words, "state_word": word_of, "state_meaning": meaning_of,
    }  # fmt: skip
    for name, function in filters.items():
        app.add_template_filter(function, name)
    app.context_processor(
        lambda: {
            "theme": chosen_theme(),
            "tabs": visible_tabs(),
            "tabs_in_sight": TABS_IN_SIGHT,
            "now": edge().clock(),
        }
    )
