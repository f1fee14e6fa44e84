"""What the pages of movements show: the board by phase, the week, the freedom-of-movement index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.indicators import MovementEvidence, freedom_index
from fom.domain.instants import DAY_US, parse_instant
from fom.domain.movements import PHASES, is_of_today
from fom.services.movement_advice import list_advice, unread
from fom.services.movement_check_ins import list_check_ins
from fom.services.movement_flights import flight_members, judge_flights
from fom.services.movement_limits import find_unrecorded
from fom.services.movement_marks import RouteMarks
from fom.services.movement_outlook import TOLD_RUNS, Judged, advise, judge_movements, meetings
from fom.services.movement_places import last_seen
from fom.services.movements import LEAVES_SOON_US, list_movements
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register

INDEX_US = 30 * DAY_US
"""Window of the index on the board, as that of S2 (doctrine 6)."""
PLANNED_SHOWN_US = 2 * DAY_US
"""The board shows what leaves within two days; the calendar shows the rest (J)."""
WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the board or the week is asked for; None = all."""

    purpose: str | None = None
    unit: str | None = None
    user_class: str | None = None

    def takes(self, row: Mapping[str, Any]) -> bool:
        """Return whether a movement is asked for."""
        return all(
            wanted is None or row[name] == wanted
            for name, wanted in (("purpose", self.purpose), ("unit", self.unit), ("user_class", self.user_class))
        )


def read_board(session: Session, host: PictureHost, *, wanted: Filter = Filter(), actor: Actor) -> dict[str, Any]:
    """Return the movements that the actor may see by phase, each with how its way stands and what to do."""
    now = host.now()
    seen = list_movements(session, actor=actor, now=now, since=now - DAY_US)
    rows = [row for row in seen if wanted.takes(row) and _is_on_board(row, now)]
    judged = judge_movements(host, rows, at=now, known_at=now, seen=last_seen(session, host, rows, known_at=now))
    shown = _shown(session, host, rows, judged, actor=actor)
    return {
        "at": now,
        "columns": [{"phase": phase, "rows": [r for r in shown if r["phase"] == phase]} for phase in PHASES],
        "later": sum(wanted.takes(row) and _is_later(row, now) for row in seen),
        "units": sorted({row["unit"] for row in seen if row["unit"]}),
    }


def _is_on_board(row: Mapping[str, Any], now: int) -> bool:
    if row["outcome"] is not None:
        ended = row["closed_at"] or row["actual_end"] or row["planned_end"] or row["planned_start"]
        return is_of_today(parse_instant(ended), now)
    return not _is_later(row, now)


def _is_later(row: Mapping[str, Any], now: int) -> bool:
    return row["outcome"] is None and parse_instant(row["planned_start"]) > now + PLANNED_SHOWN_US


def _shown(
    session: Session,
    host: PictureHost,
    rows: Sequence[dict[str, Any]],
    judged: Mapping[str, Judged],
    *,
    actor: Actor,
    runs_told: int = 1,
) -> list[dict[str, Any]]:
    receipts = list_advice(session, [row["id"] for row in rows])
    names = site_names(session, actor=actor)
    flights = judge_flights(session, host, rows, actor=actor, at=host.now())
    ways = {key: (one.ways[0], one.roads.question.profile) for key, one in judged.items()}
    unrecorded = find_unrecorded(session, host, ways, at=host.now())
    marks: dict[str, RouteMarks] = {}
    shown = []
    for row in rows:
        outlook = None
        if row["id"] in judged:
            level = row["classification"]
            if level not in marks:
                marks[level] = RouteMarks(session, host, level)
            outlook = advise(judged[row["id"]], marks[level], host, actor=actor, runs_told=runs_told)
            blank = unrecorded.get(row["id"])
            outlook["not_recorded"] = None if blank is None else blank.members()
            outlook["advice"] += [] if blank is None else blank.advice()
        flight = flight_members(flights[row["id"]]) if row["id"] in flights else None
        told = receipts.get(row["id"], [])
        soon = row["actual_start"] is None and parse_instant(row["planned_start"]) <= host.now() + LEAVES_SOON_US
        members = {
            "outlook": outlook,
            "flight": flight,
            "told": told,
            "unread": unread(told),
            "may_leave": soon and row["may_close"],
        }
        shown.append({**row, **members, **ends_of(row, names)})
    return shown


def read_movement(session: Session, host: PictureHost, movement: dict[str, Any], *, actor: Actor) -> dict[str, Any]:
    """Return one movement with its outlook, advice and receipts."""
    now = host.now()
    seen = last_seen(session, host, [movement], known_at=now)
    judged = judge_movements(host, [movement], at=now, known_at=now, seen=seen)
    shown = _shown(session, host, [movement], judged, actor=actor, runs_told=TOLD_RUNS)[0]
    return {**shown, "check_ins": list_check_ins(session, movement["id"])}


def site_names(session: Session, *, actor: Actor) -> dict[str, str]:
    """Return id -> name of the sites, air heads and key routes that the actor may see."""
    rows = (row for register in ("site", "air_head") for row in list_register(session, register, actor=actor))
    names = {row["id"]: str(row["name"]) for row in rows}
    return names | {row["id"]: str(row["code"]) for row in list_register(session, "key_route", actor=actor)}


def ends_of(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return where a movement leaves from and goes to, in words, and the code of its key route."""
    origin, destination = (
        names.get(row[site] or "") or names.get(row[head] or "") or (row[place] or {}).get("name")
        for site, head, place in (
            ("from_site", "from_air_head", "origin"), ("to_site", "to_air_head", "destination"),
        )
    )  # fmt: skip
    return {"from_name": origin, "to_name": destination, "route_code": names.get(row["route"] or "")}


# the week


def read_week(
    session: Session,
    host: PictureHost,
    start: int,
    *,
    wanted: Filter = Filter(),
    actor: Actor,
) -> dict[str, Any]:
    """Return seven days from a midnight: movements by unit and day, and who meets whom on road of single flow."""
    now = host.now()
    end = start + WEEK_DAYS * DAY_US
    rows = [
        row
        for row in list_movements(session, actor=actor, now=now, since=start, until=end - 1)
        if wanted.takes(row) and _touches(row, start, now)
    ]
    judged = judge_movements(host, rows, at=now, known_at=now, seen=last_seen(session, host, rows, known_at=now))
    shown = {row["id"]: row for row in _shown(session, host, rows, judged, actor=actor)}
    met: list[dict[str, Any]] = []
    for meeting in meetings(host, judged):
        pair = shown[meeting.first], shown[meeting.second]
        marks = RouteMarks(session, host, "unclassified")
        way = judged[meeting.first].ways[0]
        places = [k for k, number in enumerate(way.numbers.tolist()) if number in meeting.segments]
        where = marks.name(meeting.segments, float(way.at_m[places[0]]), float(way.at_m[places[-1] + 1]))
        met.append({"first": pair[0], "second": pair[1], "at": meeting.at, "where": where})
    in_conflict = {row["id"] for pair in met for row in (pair["first"], pair["second"])}
    units = sorted({row["unit"] or "" for row in rows})
    days = [start + day * DAY_US for day in range(WEEK_DAYS)]
    grid = [
        {
            "unit": unit,
            "days": [
                [
                    {**shown[row["id"]], "meets": row["id"] in in_conflict}
                    for row in rows
                    if (row["unit"] or "") == unit and _day_of(row, days) == day
                ]
                for day in days
            ],
        }
        for unit in units
    ]
    return {"at": now, "days": days, "grid": grid, "meetings": met, "count": len(rows)}


def _touches(row: Mapping[str, Any], start: int, now: int) -> bool:
    """Return whether a movement that begins before the end of a week reaches into it."""
    first = parse_instant(row["planned_start"])
    last = _moment(row["actual_end"]) or max(_moment(row["planned_end"]) or first, first)
    is_out = row["outcome"] is None and row["actual_start"] is not None
    return first >= start or last >= start or (is_out and now >= start)


def _day_of(row: Mapping[str, Any], days: Sequence[int]) -> int:
    """Return the day on which a movement stands: of its start, or the first of the week when it began before."""
    return max(days[0], parse_instant(row["planned_start"]) // DAY_US * DAY_US)


# the index


def read_index(session: Session, *, actor: Actor, now: int) -> dict[str, Any]:
    """Return the freedom-of-movement index of the last 30 days, in all and by party, area and class, with interval.

    By party: of the movements of which a clearance was asked of it, or that it stopped.

    Source: doctrine, section 6 (FoM index).
    """
    require(actor, "read_benchmarks")
    rows = [
        row
        for row in list_movements(session, actor=actor, now=now, since=now - INDEX_US)
        if now - INDEX_US < parse_instant(row["planned_start"]) <= now and row["outcome"] is not None
    ]
    groups: dict[str, Callable[[Mapping[str, Any]], set[str | None]]] = {
        "party": lambda row: {row["party"], *(c["party"] for c in row["clearances"])} - {None},
        "area": lambda row: {row["admin_unit"]} - {None},
        "class": lambda row: {row["user_class"]},
    }
    return {
        "since": now - INDEX_US,
        "all": _index(rows),
        **{
            name: [
                {"key": key, **_index([row for row in rows if key in keys_of(row)])}
                for key in sorted({key for row in rows for key in keys_of(row)}, key=str)
            ]
            for name, keys_of in groups.items()
        },
    }


def _index(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    indicator = freedom_index([_evidence(row) for row in rows])
    interval = indicator.interval
    return {
        "value": indicator.value,
        "interval": (interval.lower, interval.upper) if interval is not None and indicator.denominator else None,
        "attempted": int(indicator.denominator or 0),
        "proceeded": sum(row["outcome"] == "proceeded" for row in rows),
        "late": sum(row["outcome"] == "proceeded_late" for row in rows),
        "denied": sum(row["outcome"] == "cancelled_no_clearance" for row in rows),
    }


def _evidence(row: Mapping[str, Any]) -> MovementEvidence:
    start = parse_instant(row["planned_start"])
    return MovementEvidence(
        id=row["id"], user_class=row["user_class"], admin_unit=row["admin_unit"], planned_start=start,
        planned_end=_moment(row["planned_end"]) or start, actual_start=_moment(row["actual_start"]),
        actual_end=_moment(row["actual_end"]), outcome=row["outcome"],
    )  # fmt: skip


def _moment(text: str | None) -> int | None:
    return None if text is None else parse_instant(text)
