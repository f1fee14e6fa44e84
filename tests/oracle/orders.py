"""When an order holds: its dates, and its recurring windows on the clock of a fixed zone."""

from __future__ import annotations

from collections.abc import Iterable

from tests.oracle.documents import DAY, SECOND, Record

DAY_NAMES = ("thu", "fri", "sat", "sun", "mon", "tue", "wed")
"""Day 0 since 1970 was a Thursday."""
MINUTE = 60 * SECOND


def is_order_in_force(order: Record, t: int, travel_us: int) -> bool:
    """Return whether an order meets [t, t + travel time]; both ends of every interval count."""
    first, last = span(order)
    begin, end = max(t, first), t + travel_us if last is None else min(t + travel_us, last)
    if begin > end:
        return False
    return order.p.get("recurring") is None or any(a <= end and b >= begin for a, b in windows(order, begin, end))


def span(order: Record) -> tuple[int, int | None]:
    """Return the first and the last instant of an order."""
    return order.eff if order.start is None else order.start, order.end


def windows(order: Record, begin: int, end: int) -> Iterable[tuple[int, int]]:
    """Yield the recurring windows that start no later than `end` and at most two days before `begin`."""
    rule = order.p["recurring"]
    zone, start, stop = clock(rule["zone"][1:]), clock(rule["from"]), clock(rule["to"])
    if rule["zone"][0] == "-":
        zone = -zone
    for day in range((begin + zone) // DAY - 2, (end + zone) // DAY + 1):
        if DAY_NAMES[day % 7] in rule["days"]:
            opens = day * DAY - zone + start
            yield opens, day * DAY - zone + stop + (DAY if stop <= start else 0)


def clock(text: str) -> int:
    """Return microseconds after midnight of HH:MM."""
    hour, minute = text.split(":")
    return (int(hour) * 60 + int(minute)) * MINUTE


def order_instants(order: Record, t: int, until: int, travel_us: int) -> Iterable[int]:
    """Yield the instants between t and until at which an order may begin or end to matter to a traveller."""
    first, last = span(order)
    yield from (first - travel_us, first)
    if last is not None:
        yield from (last - travel_us, last)
        until = min(until, last)
    if order.p.get("recurring") is not None:
        for opens, closes in windows(order, max(t, first), max(until, first) + DAY):
            yield from (opens - travel_us, opens, closes - travel_us, closes)
