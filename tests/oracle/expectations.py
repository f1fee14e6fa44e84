"""Compares an answer with what a case file expects: only what `expect` names is compared."""

from __future__ import annotations

from typing import Any

from tests.oracle.compare import NUMBER, RISK_US, are_same_stretches, keyed, pairs
from tests.oracle.documents import instant


def unmet(expect: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    """Return what an answer fails of an expectation, as lines of text."""
    out: list[str] = []
    rows = keyed(answer["segments"])
    for wanted in expect.get("segments", []):
        directions = ("forward", "backward") if wanted["direction"] == "both" else (wanted["direction"],)
        for direction in directions:
            row = rows.get((wanted["segment_id"], direction))
            where = f"{wanted['segment_id']} {direction}"
            out.extend([f"{where}: no such row"] if row is None else [f"{where}: {x}" for x in _row(wanted, row)])
    routes = {r["route_id"]: r for r in answer["routes"]}
    for wanted in expect.get("routes", []):
        row = routes.get(wanted["route_id"])
        out.extend([f"{wanted['route_id']}: no such route"] if row is None else _row(wanted, row))
    if "unplaced" in expect and sorted(expect["unplaced"]) != sorted(answer["unplaced"]):
        out.append(f"unplaced: expected {expect['unplaced']}, got {answer['unplaced']}")
    if "refused" in expect and set(pairs(expect["refused"])) != set(pairs(answer["refused"])):
        out.append(f"refused: expected {expect['refused']}, got {answer['refused']}")
    return out


def _row(wanted: dict[str, Any], row: dict[str, Any]) -> list[str]:
    out: list[str] = []
    for name, value in wanted.items():
        if name in ("segment_id", "direction", "route_id"):
            continue
        if name in ("reasons", "all_reasons"):
            missing = [w for w in value if not any(_is_reason(w, r) for r in row["reasons"])]
            out.extend(f"no such reason: {w}; there are {row['reasons']}" for w in missing)
            if name == "all_reasons" and len(value) != len(row["reasons"]):
                out.append(f"reasons: expected only {value}, got {row['reasons']}")
        elif not _is_value(name, value, row[name]):
            out.append(f"{name}: expected {value}, got {row[name]}")
    return out


def _is_value(name: str, wanted: Any, got: Any) -> bool:
    if name == "components":
        return all(got[k] == v for k, v in wanted.items())
    if wanted is None or got is None:
        return wanted is got
    if name in ("risk", "confidence"):
        return bool(abs(wanted - got) <= NUMBER)
    if name == "verified_at":
        return instant(wanted) == instant(got)
    if name == "next_change":
        return wanted["state"] == got["state"] and abs(instant(wanted["at"]) - instant(got["at"])) <= RISK_US
    return bool(wanted == got)


def _is_reason(wanted: dict[str, Any], got: dict[str, Any]) -> bool:
    for name, value in wanted.items():
        if name == "stretches_m":
            if not are_same_stretches(value, got.get(name) or []):
                return False
        elif name == "flags":
            if set(value) != set(got[name]):
                return False
        elif name == "fact_ids":
            if sorted(value) != sorted(got[name]):
                return False
        elif name == "confidence":
            if not _is_value(name, value, got[name]):
                return False
        elif got.get(name) != value:
            return False
    return True
