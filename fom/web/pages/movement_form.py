"""What the forms of movements say, read into plain values; every bad field at once, named as in the form."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from fom.domain.access import Actor
from fom.domain.instants import format_instant, from_us
from fom.domain.movements import ALTERNATES_KEPT, VEHICLE_CLASSES, heaviest_profile
from fom.errors import FieldError, InvalidInput
from fom.services.movement_flights import LEG
from fom.web.pages.moment_fields import read_moment
from fom.web.pages.planner_form import Named, find_place
from fom.web.queries import whole_number

Fields = Mapping[str, str]
WAY_MEMBERS = ("segments", "distance_m", "duration_s", "arrives_at", "state", "risk", "verified_at")
"""What is kept of a way of a plan; the reasons of then are not: they would be told to others later."""
LEEWAY = 1.25
"""Window of a movement whose end is not given, in travel times: halts and small delays (J)."""
CODES = {"patrol": "PAT", "convoy": "CON", "humanitarian": "HUM", "flight": "FLT"}


def instant_text(us: int | None) -> str | None:
    """Return a moment as the services take it, ISO 8601; None for none."""
    return None if us is None else format_instant(us)


def read_number(form: Fields, name: str, errors: list[FieldError]) -> float | None:
    """Return a number, None when empty."""
    text = form.get(name, "").strip().replace(",", ".")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        errors.append(FieldError(name, repr(text)[:60], "a number"))
        return None
    return value


def read_vehicles(form: Fields, errors: list[FieldError]) -> list[dict[str, Any]]:
    """Return the vehicles counted in the fields `count_<class>`."""
    found: list[dict[str, Any]] = []
    for name in VEHICLE_CLASSES:
        text = form.get(f"count_{name}", "").strip()
        count = whole_number(text)
        if text and count is None:
            errors.append(FieldError(f"count_{name}", repr(text)[:60], "a whole number"))
        elif count:
            found.append({"class": name, "count": count})
    return found


def read_plan(
    form: Fields, named: Named, *, profiles: Collection[str], actor: Actor
) -> tuple[dict[str, Any], list[FieldError]]:
    """Return the values of a movement as `plan_movement` takes them, without ways, and the bad fields."""
    errors: list[FieldError] = []
    start = read_moment(form, "planned_start", errors, is_needed=True)
    places = {name: _place(form.get(field, ""), named, field, errors) for name, field in _ENDS.items()}
    lines = [line for line in form.get("via", "").splitlines() if line.strip()]
    movement_id = form.get("id") or str(uuid.uuid4())
    purpose = form.get("purpose", "")
    values: dict[str, Any] = {
        "id": movement_id, "purpose": purpose, "user_class": form.get("user_class", ""),
        "code": form.get("code", "").strip() or _new_code(purpose, start, movement_id),
        "classification": form.get("classification") or None, "profile": form.get("profile") or None,
        "planned_start": instant_text(start), "planned_end": instant_text(read_moment(form, "planned_end", errors)),
        "planned_t": read_number(form, "planned_t", errors), "unit": form.get("unit", "").strip() or actor.unit,
        "route": form.get("route") or None, "from_site": form.get("from_site") or None,
        "to_site": form.get("to_site") or None, "admin_unit": form.get("admin_unit") or None,
        "vehicles": read_vehicles(form, errors), "escort": form.get("escort") or "none",
        "escort_by": form.get("escort_by", "").strip() or None, "control_level": form.get("control_level") or "open",
        "notes": form.get("notes", "").strip() or None,
        "via": [place for line in lines if (place := _place(line, named, "via", errors)) is not None],
        **places,
    }  # fmt: skip
    if purpose == "flight":
        values |= {name: form.get(name, "").strip() or None for name in LEG}
    values["profile"] = values["profile"] or (None if purpose == "flight" else heaviest_profile(values["vehicles"]))
    if values["profile"] is not None and values["profile"] not in profiles:
        errors.append(FieldError("profile", values["profile"][:80], f"one of {', '.join(sorted(profiles))}"))
    if values["profile"] is None and purpose != "flight" and not any(e.field.startswith("count_") for e in errors):
        errors.append(FieldError("vehicles", "nothing", "at least one vehicle, or the class that decides"))
    return values, errors


_ENDS = {"origin": "from", "destination": "to"}


def _place(text: str, named: Named, field: str, errors: list[FieldError]) -> dict[str, Any] | None:
    if not text.strip():
        return None
    try:
        lon, lat = find_place(text, named, field)
    except InvalidInput as refused:
        errors += refused.errors
        return None
    return {"name": text.strip(), "lon": round(lon, 6), "lat": round(lat, 6)}


def _new_code(purpose: str, start: int | None, movement_id: str) -> str:
    moment = "" if start is None else f"{from_us(start):%d%H%M}-"
    return f"{CODES.get(purpose, 'MOV')}-{moment}{movement_id[:4].upper()}"


def question_of(values: Mapping[str, Any]) -> str:
    """Return on what the ways of a form depend; ways found for another question are found again."""
    names = ("origin", "destination", "via", "profile", "user_class", "planned_start")
    return json.dumps([values[name] for name in names], sort_keys=True)


def kept_ways(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ways of a plan as a movement may store them, the best first; one over unverified road last."""
    titled = [] if plan["best"] is None else [("Best", plan["best"])]
    titled += [(f"Alternate {k}", way) for k, way in enumerate(plan["alternates"], start=1)]
    titled += [] if plan["unverified"] is None else [("Unverified", plan["unverified"])]
    return [_kept(title, way) for title, way in titled]


def _kept(title: str, way: Mapping[str, Any]) -> dict[str, Any]:
    kept = {"title": title, **{name: way[name] for name in WAY_MEMBERS}}
    comparison = way.get("comparison")
    if comparison is not None:
        kept |= {name: comparison[name] for name in ("label", "is_robust", "extra_s", "share")}
    return kept


def planned_as(plan: Mapping[str, Any], policy: int) -> dict[str, Any]:
    """Return under which question, network and policy ways were found."""
    names = ("network", "at", "known_at", "profile", "user_class", "posture", "outcome")
    return {**{name: plan[name] for name in names}, "policy": policy}


def chosen_first(ways: Sequence[Mapping[str, Any]], title: str) -> list[dict[str, Any]]:
    """Return the way of a title, then at most two others that are verified."""
    chosen = [dict(way) for way in ways if way["title"] == title]
    others = [dict(way) for way in ways if way["title"] not in (title, "Unverified")]
    return [*chosen, *others[:ALTERNATES_KEPT]] if chosen else []


def read_ways(text: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the ways found and what they were planned as, of the form's hidden field; nothing of a damaged one."""
    try:
        found = json.loads(text or "null")
        ways, planned = found["ways"], found["planned_as"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return [], {}
    is_sound = isinstance(ways, list) and all(isinstance(w, dict) and {"title", "segments"} <= set(w) for w in ways)
    return (ways, planned) if is_sound and isinstance(planned, dict) else ([], {})


def read_closure(form: Fields) -> dict[str, Any]:
    """Return what a close-out says; InvalidInput with every bad field."""
    errors: list[FieldError] = []
    values: dict[str, Any] = {
        name: form.get(name, "").strip() or None for name in ("outcome", "travelled", "stop_place", "party")
    }
    values |= {name: instant_text(read_moment(form, name, errors)) for name in ("actual_start", "actual_end")}
    values |= {name: read_number(form, name, errors) for name in ("stop_km", "delay_min", "delivered_t")}
    values["verify"] = form.get("verify", "yes") == "yes"
    if errors:
        raise InvalidInput(errors)
    return values
