"""What the desk says in the language chosen: its words by key, and whole sentences for what the services give as codes.

The services answer programs in English; here their codes and values become sentences (geodata/words/desk). What only
they have as English text is marked as English, so that a reader and a screen know.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from flask import Flask
from markupsafe import Markup, escape

from fom.domain.access import ACTIONS
from fom.domain.instants import DAY_US, HOUR_US, MINUTE_US
from fom.errors import Conflict, FieldError, FomError, InvalidInput, NotPermitted
from fom.services.effects import RoadEffect
from fom.services.form_words import Pattern, app_words, desk_words, form_words
from fom.services.queue import Waiting
from fom.services.suggesting import Suggestion
from fom.web.pages.languages import chosen_language, filled, filled_text, isolated
from fom.web.pages.shell import dtg, hhmm, plain, shown_text, to_moment

SCRIPT_FAMILIES = ("judge", "road", "state", "level", "source", "information", "map")
"""Families of words that the scripts of the desk say as well."""
_RIGHTS = {words: code for code, words in ACTIONS.items()}


def say(key: str, **values: object) -> Markup:
    """Return words of the desk for a page: `family.key` with its named values, each isolated."""
    return filled(_pattern(key), chosen_language(), **values)


def text(key: str, **values: object) -> str:
    """Return words of the desk as plain text, for scripts."""
    return filled_text(_pattern(key), chosen_language(), **values)


def in_label(key: str, **values: object) -> Markup:
    """Return words of the desk for an attribute."""
    return escape(text(key, **values))


def _pattern(key: str) -> Pattern:
    family, _, name = key.partition(".")
    return desk_words(chosen_language())[family][name]


def _has(family: str, name: str) -> bool:
    return name in desk_words(chosen_language())[family]


def script_words() -> dict[str, Pattern]:
    """Return the words that scripts fill in themselves, `family.key` -> words."""
    words = desk_words(chosen_language())
    return {f"{family}.{name}": pattern for family in SCRIPT_FAMILIES for name, pattern in words[family].items()}


def as_english(told: object) -> Markup:
    """Return a text that exists in English only, marked as such on a page of another language."""
    if isinstance(told, Markup):
        return told
    if chosen_language() == "en":
        return escape(shown_text(told))
    return Markup('<span lang="en" dir="ltr">{}</span>').format(shown_text(told))


# figures


def metres_told(metres: float) -> Markup:
    """Return a length in whole metres."""
    return filled(app_words(chosen_language())["metres"], chosen_language(), n=round(metres))


def minutes_told(minutes: float) -> Markup:
    """Return a length of time in minutes."""
    return filled(app_words(chosen_language())["minutes"], chosen_language(), n=f"{minutes:g}")


def span_told(us: float) -> Markup:
    """Return a length of time in the largest unit that fits, as `shell.duration` does."""
    units = (("minutes", MINUTE_US, HOUR_US), ("hours", HOUR_US, 3 * DAY_US), ("days", DAY_US, math.inf))
    unit, length, _ = next(one for one in units if us < one[2])
    return filled(app_words(chosen_language())[unit], chosen_language(), n=max(0, round(us / length)))


def age_told(moment: int | str, now: int) -> Markup:
    """Return how old a moment is."""
    return span_told(now - (to_moment(moment) or 0))


# codes


def code_told(code: object) -> Markup:
    """Return the words for a code of a record; what is none (a vehicle's profile) as it stands."""
    if _has("code", str(code)):
        return say(f"code.{code}")
    return isolated(plain(None if code is None else str(code)))


def state_told(letter: str) -> Markup:
    """Return the word for the letter of a state."""
    return say(f"state.{letter}")


def form_told(form: str) -> Markup:
    """Return the title of a form of report."""
    titles = form_words(chosen_language())["form"]
    return escape(titles[form]) if form in titles else isolated(plain(form))


def right_told(right: str) -> Markup:
    """Return a right as the services tell it (`domain.access.ACTIONS`), in words."""
    code = _RIGHTS.get(right, "")
    return say(f"right.{code}") if _has("right", code) else as_english(right)


def act_told(what: str) -> Markup:
    """Return what a proposed act does (`pending.describe`): its kind, and which."""
    kind, _, detail = what.partition(" ")
    act = say(f"act_kind.{kind}") if _has("act_kind", kind) else as_english(plain(kind))
    return say("pending.act", act=act, detail=_said(detail)) if detail else act


def _said(said: str) -> Markup:
    """Return the codes of what was said of a record, in words: `E5`, `cleared`, `E5 withdrawn`."""
    parts = [say(f"act.{code}") if _has("act", code) else isolated(code) for code in said.split()]
    return Markup(" ").join(parts)


# sentences about what the services found


def place_told(road: RoadEffect) -> Markup:
    """Return what people call a stretch: the route's code without its class, with its kilometres."""
    if road.route is None:
        return isolated(road.name) if road.name else say("road.off")
    code = road.route.rsplit(" ", 1)[-1]
    if road.from_km is None or road.to_km is None:
        return isolated(code)
    low, high = int(road.from_km), int(-(-road.to_km // 1))
    if high - low <= 1:
        return say("road.route_km", code=code, km=low)
    return say("road.route_stretch", **{"code": code, "from": low, "to": high})


def title_told(line: Waiting) -> Markup:
    """Return what a line of the queue tells of."""
    if not line.rows:
        return say("title.form", form=form_told(line.report.form if line.report is not None else "other"))
    row = line.rows[0]
    said = row.properties
    if row.kind == "explosive":
        hazard, what = str(said.get("hazard") or "item"), said.get("class")
        named = what if what != "unknown_item" else None
        return say(f"title.{hazard}_of", what=within(code_told(named))) if named else say(f"title.{hazard}")
    if row.kind == "verification":
        strength = said.get("strength")
        return say("title.passage_of", what=within(code_told(strength))) if strength else say("title.passage")
    code = str(said.get({"physical": "damage", "control": "control", "incident": "type"}.get(row.kind, "")) or "")
    return say(f"title.control_{code}") if _has("title", f"control_{code}") else code_told(code)


def within(told: Markup) -> Markup:
    """Return words that stand within a sentence: without their capital, unless they are an abbreviation."""
    return told[:1].lower() + told[1:] if told[1:2].islower() else told


def suggestion_told(found: Suggestion) -> Markup:
    """Return who told of what may be the same event, how far away and how long before or after; and what links them."""
    said = found.record["properties"]
    values: dict[str, object] = {
        "by": found.by or said.get("origin") or say("same.unstated"),
        "time": f"{hhmm(said.get('occurred') or said['received'])}Z",
        "apart": say("same.later" if found.apart_us > 0 else "same.earlier", age=span_told(abs(found.apart_us))),
    }
    if found.distance_m >= 1e9:
        first = say("same.seen", **values)
    elif found.doubt_m > 30:
        distances = {"distance": metres_told(found.distance_m), "doubt": metres_told(found.doubt_m)}
        first = say("same.seen_about", **values, **distances)
    else:
        first = say("same.seen_at", **values, distance=metres_told(found.distance_m))
    if found.link is not None:
        return sentences(first, say(f"same.linked_{found.link['properties']['relation']}"))
    if not found.is_likely:
        return sentences(first, say("same.another_time"))
    return sentences(first, say("same.another_origin")) if found.is_independent else first


def affected_told(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Return how many movements are held, by purpose, or else touched (`movement_outlook.affected_movements`)."""
    held = [row for row in rows if row["is_held"]]
    counted = [row["purpose"] for row in held or rows]
    told = [say(f"who.{purpose}", n=counted.count(purpose)) for purpose in dict.fromkeys(counted)]
    return say("who.held" if held else "who.on_it", movements=everything(told)) if told else Markup()


def differs_told(found: Mapping[str, Any]) -> Markup:
    """Return what somebody else did meanwhile, as a conflict tells it (`services.seen`)."""
    kind, said = str(found["kind"]), found.get("said")
    act = say(f"act_kind.{kind}") if _has("act_kind", kind) else as_english(plain(kind).capitalize())
    values = {"act": act, "by": found["by"], "moment": dtg(found["received"])}
    key = f"differs.{'said' if said else 'plain'}{'_waits' if found.get('waits') else ''}"
    return say(key, **values, said=_said(str(said or "")))


def everything(parts: Sequence[object]) -> Markup:
    """Return parts as a list that ends in "and"."""
    whole = reduce(lambda first, second: say("who.both", first=first, second=second), parts) if parts else Markup()
    return whole if isinstance(whole, Markup) else isolated(whole)


def sentences(*told: Markup) -> Markup:
    """Return whole sentences one after the other."""
    return Markup(" ").join(told)


# refusals


def error_told(error: FieldError) -> Markup:
    """Return what is wrong with a field. What was expected is English unless the page itself found it wrong."""
    came = say("error.nothing") if error.came == "nothing" else error.came
    return say("error.refused", came=came, expected=as_english(error.expected))


def refusal_told(refused: FomError) -> Markup:
    """Return why a service refused an act: by its code where it has one, else its own English words."""
    if isinstance(refused, InvalidInput):
        return sentences(*(field_refusal(error) for error in refused.errors))
    if isinstance(refused, Conflict):
        why, decision = str(refused.details.get("why")), refused.details.get("decision")
        if why == "settled" and isinstance(decision, Mapping):
            return say("refused.settled", by=decision["by"], outcome=say(f"act.{decision['outcome']}"))
        return say(f"refused.{why}") if _has("refused", why) else as_english(refused)
    if isinstance(refused, NotPermitted):
        code = str(refused).partition(":")[0]
        if code == "two_persons":
            return say("refused.two_persons")
        return say("refused.no_right", right=right_told(ACTIONS[code])) if code in ACTIONS else as_english(refused)
    return as_english(refused)


def field_refusal(error: FieldError) -> Markup:
    """Return what is wrong with a field that the reader does not have beside the words."""
    if error.field == "reason" and error.came == "nothing":
        return say("refused.no_reason")
    return say("error.of_field", field=as_english(error.field), words=error_told(error))


def register(app: Flask) -> None:
    """Give templates what the desk says."""
    told: dict[str, Callable[..., Any]] = {
        "say": say, "in_label": in_label, "script_words": script_words, "as_english": as_english,
        "metres_told": metres_told, "minutes_told": minutes_told, "age_told": age_told, "code_told": code_told,
        "state_told": state_told, "form_told": form_told, "right_told": right_told, "act_told": act_told,
        "place_told": place_told, "title_told": title_told, "suggestion_told": suggestion_told,
        "differs_told": differs_told, "within": within, "everything": everything,
    }  # fmt: skip
    for name, function in told.items():
        app.add_template_global(function, name)
