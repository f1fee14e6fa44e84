"""Compares an answer with what a worked case expects: only what the expectation names."""

from __future__ import annotations

from typing import Any

from fom.domain.instants import SECOND_US, parse_instant

NUMBER_TOLERANCE = 0.0005
MOMENT_TOLERANCE_US = 120 * SECOND_US
STRETCH_TOLERANCE_M = 3


def differences(expect: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    """Return every expectation that the answer does not meet."""
    found: list[str] = []
    for row in expect.get("segments", ()):
        wanted = ("forward", "backward") if row.get("direction", "both") == "both" else (row["direction"],)
        for direction in wanted:
            rows = [
                r for r in answer["segments"] if (r["segment_id"], r["direction"]) == (row["segment_id"], direction)
            ]
            if not rows:
                found.append(f"{row['segment_id']} {direction}: no row")
                continue
            found += [f"{row['segment_id']} {direction}: {text}" for text in _row_differences(row, rows[0])]
    for route in expect.get("routes", ()):
        rows = [r for r in answer["routes"] if r["route_id"] == route["route_id"]]
        found += [f"{route['route_id']}: {text}" for r in rows[:1] for text in _row_differences(route, r)] or (
            [] if rows else [f"{route['route_id']}: no route"]
        )
    if "unplaced" in expect and set(expect["unplaced"]) != set(answer["unplaced"]):
        found.append(f"unplaced {answer['unplaced']}, expected {expect['unplaced']}")
    if "refused" in expect:
        came, wanted_set = (
            sorted((r["id"], r["why"]) for r in rows) for rows in (answer["refused"], expect["refused"])
        )
        if came != wanted_set:
            found.append(f"refused {came}, expected {wanted_set}")
    return found


def _row_differences(expect: dict[str, Any], row: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in expect.items():
        if name in ("segment_id", "direction", "route_id", "note"):
            continue
        if name == "components":
            found += [f"{c} {row[name][c]}, expected {s}" for c, s in value.items() if row[name][c] != s]
        elif name in ("reasons", "all_reasons"):
            missing = [reason for reason in value if not any(_is_reason(reason, r) for r in row["reasons"])]
            found += [f"no reason {reason} among {row['reasons']}" for reason in missing]
            if name == "all_reasons" and len(value) != len(row["reasons"]):
                found.append(f"{len(row['reasons'])} reasons, expected {len(value)}: {row['reasons']}")
        elif not _is_same(name, value, row[name]):
            found.append(f"{name} {row[name]}, expected {value}")
    return found


def _is_same(name: str, expected: Any, came: Any) -> bool:
    if expected is None or came is None:
        return expected is None and came is None
    if name in ("risk", "confidence"):
        return abs(expected - came) <= NUMBER_TOLERANCE
    if name == "verified_at":
        return parse_instant(expected) == parse_instant(came)
    if name == "next_change":
        apart = abs(parse_instant(expected["at"]) - parse_instant(came["at"]))
        return expected["state"] == came["state"] and apart <= MOMENT_TOLERANCE_US
    return bool(expected == came)


def _is_reason(expected: dict[str, Any], came: dict[str, Any]) -> bool:
    for name, value in expected.items():
        if name == "stretches_m":
            parts = came.get(name, [])
            if len(parts) != len(value) or any(
                abs(a - b) > STRETCH_TOLERANCE_M for want, got in zip(value, parts, strict=True)
                for a, b in zip(want, got, strict=True)
            ):  # fmt: skip
                return False
        elif name in ("flags", "fact_ids"):
            if sorted(value) != sorted(came[name]):
                return False
        elif name == "confidence":
            if not _is_same(name, value, came[name]):
                return False
        elif came.get(name) != value:
            return False
    return True
