"""Where two answers to one question differ, and where one of them is greener; tolerances as in the format."""

from __future__ import annotations

from typing import Any

from tests.oracle.documents import SECOND, instant
from tests.oracle.states import STATE_NAMES

NUMBER = 0.0005
STRETCH_M = 3
FIXED_US = 1 * SECOND
RISK_US = 120 * SECOND
"""A difference is a line of text: where, what the oracle says, what the other says."""


def differences(oracle: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Return every difference between two whole answers, as lines of text."""
    out: list[str] = []
    for name in ("format", "profile", "user_class"):
        _equal(out, name, oracle[name], other.get(name))
    for name in ("at", "known_at"):
        _equal(out, name, instant(oracle[name]), instant(other[name]))
    mine, theirs = keyed(oracle["segments"]), keyed(other["segments"])
    _equal(out, "rows", list(mine), list(theirs))
    for key in mine:
        if key in theirs:
            out.extend(f"{key[0]} {key[1]}: {line}" for line in row_differences(mine[key], theirs[key]))
    routes = {r["route_id"]: r for r in other["routes"]}
    _equal(out, "routes", [r["route_id"] for r in oracle["routes"]], [r["route_id"] for r in other["routes"]])
    for r in oracle["routes"]:
        if r["route_id"] in routes:
            out.extend(f"route {r['route_id']}: {line}" for line in route_differences(r, routes[r["route_id"]]))
    _equal(out, "unplaced", oracle["unplaced"], other["unplaced"])
    _equal(out, "refused", pairs(oracle["refused"]), pairs(other["refused"]))
    return out


def greener(oracle: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Return the rows and routes that the other answer shows better than the oracle, or does not show at all."""
    out = []
    theirs = keyed(other["segments"])
    for key, row in keyed(oracle["segments"]).items():
        if key not in theirs or rank(theirs[key]) < rank(row):
            shown = theirs[key]["state"] if key in theirs else "nothing"
            out.append(f"{key[0]} {key[1]}: shown {shown}, the evidence says {row['state']}")
    routes = {r["route_id"]: r for r in other["routes"]}
    out.extend(
        f"route {r['route_id']}: greener than {r['state']}"
        for r in oracle["routes"]
        if r["route_id"] not in routes or rank(routes[r["route_id"]]) < rank(r)
    )
    return out


def row_differences(mine: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Return the differences of one row."""
    out: list[str] = []
    for name in ("state", "components", "override"):
        _equal(out, name, mine[name], theirs.get(name))
    _number(out, "risk", mine["risk"], theirs["risk"])
    _number(out, "confidence", mine["confidence"], theirs["confidence"])
    _number(out, "delay_min", mine["delay_min"], theirs["delay_min"])
    _time(out, "verified_at", mine["verified_at"], theirs["verified_at"], 0)
    names = [reason_key(r) for r in mine["reasons"]], [reason_key(r) for r in theirs["reasons"]]
    _equal(out, "reasons", *names)
    if names[0] == names[1]:
        for a, b in zip(mine["reasons"], theirs["reasons"], strict=True):
            out.extend(f"{' '.join(str(k) for k in reason_key(a))}: {line}" for line in reason_differences(a, b))
    change, other = mine["next_change"], theirs["next_change"]
    if change is None or other is None:
        _equal(out, "next_change", change, other)
    else:
        _equal(out, "next_change.state", change["state"], other["state"])
        _time(out, "next_change.at", change["at"], other["at"], RISK_US if change.get("by_risk") else FIXED_US)
    return out


def reason_differences(mine: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Return the differences of two reasons of the same component, rule, state, facts and subject."""
    out: list[str] = []
    _number(out, "confidence", mine["confidence"], theirs["confidence"])
    _equal(out, "flags", set(mine["flags"]), set(theirs["flags"]))
    ours, other = mine.get("stretches_m") or [], theirs.get("stretches_m") or []
    if not are_same_stretches(ours, other) and not is_between(mine.get("inner_m"), other, mine.get("outer_m")):
        out.append(f"stretches_m: oracle {ours}, service {other}")
    return out


def route_differences(mine: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Return the differences of one route."""
    out: list[str] = []
    _equal(out, "state", mine["state"], theirs["state"])
    _number(out, "risk", mine["risk"], theirs["risk"])
    _number(out, "confidence", mine["confidence"], theirs["confidence"])
    _time(out, "verified_at", mine["verified_at"], theirs["verified_at"], 0)
    return out


def keyed(rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return rows by segment and direction."""
    return {(r["segment_id"], r["direction"]): r for r in rows}


def reason_key(reason: dict[str, Any]) -> tuple[Any, ...]:
    """Return what makes a reason the same reason."""
    names = ("component", "rule", "state")
    return (*(reason[n] for n in names), tuple(reason["fact_ids"]), reason.get("subject"))


def are_same_stretches(mine: list[list[float]], theirs: list[list[float]]) -> bool:
    """Return whether stretches agree within the tolerance."""
    if len(mine) != len(theirs):
        return False
    return all(abs(a - b) <= STRETCH_M for m, t in zip(mine, theirs, strict=True) for a, b in zip(m, t, strict=True))


def is_between(inner: list[list[float]] | None, given: list[list[float]], outer: list[list[float]] | None) -> bool:
    """Return whether stretches are those of a reach that is off by no more than a distance may be.

    Where a road runs along the edge of the reach, an error of 0.1 % in a distance moves the ends by far more than 3 m.
    """
    return inner is not None and outer is not None and is_within(inner, given) and is_within(given, outer)


def is_within(small: list[list[float]], large: list[list[float]]) -> bool:
    """Return whether every stretch lies in one of the others, give or take the tolerance at its ends."""
    return all(any(c - STRETCH_M <= a and b <= d + STRETCH_M for c, d in large) or b - a <= STRETCH_M for a, b in small)


def pairs(refused: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return refused records as (id, why)."""
    return [(r["id"], r["why"]) for r in refused]


def rank(row: dict[str, Any]) -> int:
    """Return the severity of a row's state."""
    return STATE_NAMES.index(row["state"])


def _equal(out: list[str], name: str, mine: Any, theirs: Any) -> None:
    if mine != theirs:
        out.append(f"{name}: oracle {mine}, service {theirs}")


def _number(out: list[str], name: str, mine: float | None, theirs: float | None) -> None:
    if (mine is None) != (theirs is None) or (mine is not None and theirs is not None and abs(mine - theirs) > NUMBER):
        out.append(f"{name}: oracle {mine}, service {theirs}")


def _time(out: list[str], name: str, mine: str | None, theirs: str | None, tolerance: int) -> None:
    if mine is None or theirs is None:
        _equal(out, name, mine, theirs)
    elif abs(instant(mine) - instant(theirs)) > tolerance:
        out.append(f"{name}: oracle {mine}, service {theirs}")
