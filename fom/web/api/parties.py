"""How the parties keep to freedom of movement, and the monthly extract."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from pydantic import BaseModel, Field

from fom.services.monthly import extract_values, month_extract
from fom.services.parties import figure_values, list_parties, party_values, show_party
from fom.services.writing import present
from fom.web.access import allows, current_actor
from fom.web.api import MISSING, family
from fom.web.api.shapes import Instant, InstantText, Known, Moment, UserClass
from fom.web.edge import edge, reading

api = family("parties", "Parties: violations with their exposure, trend, consent; the monthly extract")


class PartyPath(BaseModel):
    """Which party; `host_state` is the host's armed forces, police and authorities together."""

    party: str = Field(min_length=1, max_length=40)


class PartyQuery(Moment):
    """When, and of which class of users."""

    user_class: UserClass | None = None


class MonthQuery(Known):
    """Which month, as known when."""

    month: str = Field(pattern=r"^\d{4}-\d{2}$", description="A month in UTC, such as 2026-10")
    known_at: Instant | None = Field(None, description="What was known then; default now")


class Bounds(BaseModel):
    """A 95 % interval."""

    lower: float
    upper: float


class RateOut(BaseModel):
    """Violations per 100 movements, never without both counts."""

    events: int
    movements: int
    per_100: float | None
    interval: Bounds | None


class ShareOut(BaseModel):
    """Unimpeded of attempted; the index gives half to late."""

    unimpeded: int
    late: int
    attempted: int
    share: float | None
    index: float | None
    interval: Bounds | None


class WeekOut(BaseModel):
    """Seven days up to a moment."""

    end: InstantText
    events: int
    movements: int


class GrowthOut(BaseModel):
    """Growth over 26 weeks: alarm where so strong a rise comes by chance in one look of a hundred at most."""

    is_alarm: bool
    has_enough: bool = Field(description="At least ten events")
    events: int
    per_week: float | None = Field(description="Fitted growth a week, 0.05 = five per cent")
    interval: Bounds | None
    chance: float | None = Field(description="Of as strong a rise where nothing grows, clusters allowed for")
    scatter: float = Field(description="Variance of the weeks over that of Poisson, at least 1")


class TrendOut(BaseModel):
    """Four weeks against the thirteen before, alarm from 1.5 times the mean and five events; and 26 weeks together."""

    is_alarm: bool
    is_by_rate: bool
    has_enough: bool
    recent: RateOut
    before: RateOut
    recent_mean: float
    before_mean: float
    ratio: float | None
    chance: float | None = Field(description="Of so many in the last four weeks where nothing changed")
    growth: GrowthOut
    weeks: list[WeekOut]


class Figures(BaseModel):
    """A party in figures, last 13 weeks."""

    party: str
    actors: list[str]
    rate: RateOut
    share: ShareOut
    trend: TrendOut
    open: int
    open_protests: int
    overdue: int
    standing_long: int
    promised: dict[str, int]


class Parties(BaseModel):
    """All parties, and how many restrictions are attributed to anybody."""

    parties: list[Figures]
    violations: int
    attributed: int
    movements: int
    registered: int
    weeks: int


class ConsentOut(BaseModel):
    """Unimpeded share in an area: last 13 weeks, the 13 before."""

    admin_unit: str | None
    now: ShareOut
    before: ShareOut
    direction: str


class ClassOut(BaseModel):
    """FoM index of a class of users."""

    user_class: str
    share: ShareOut


class RouteOut(BaseModel):
    """Restrictions on a key route, of the movements attempted on it."""

    route: str
    rate: RateOut


class Promise(BaseModel):
    """A commitment of the register and how it stands."""

    id: str
    state: str


class Party(Figures):
    """Everything about a party."""

    consent: list[ConsentOut]
    classes: list[ClassOut]
    routes: list[RouteOut]
    protests: list[str]
    commitments: list[Promise]


class Part(BaseModel):
    """So many of so many, with the Wilson 95 % interval."""

    part: int
    whole: int
    lower: float | None
    upper: float | None


class MonthRow(BaseModel):
    """One party in one month; `standing`, protests and replies as at its end."""

    party: str
    rate: RateOut
    open_protests: list[str]
    overdue_replies: list[str]
    standing: int
    accepted: Part
    resolved: Part
    prompt: Part
    too_young: int


class Extract(BaseModel):
    """The monthly extract."""

    month: str
    start: InstantText
    end: InstantText
    at: InstantText
    known_at: InstantText
    is_complete: bool
    registered: int
    exposure: int
    parties: list[MonthRow]
    total: MonthRow
    routes: list[RouteOut]
    cases: list[str]


@api.get("/parties", responses={"200": Parties})
@allows("read_restriction_cases")
def get_parties(query: PartyQuery) -> Any:
    """List the parties with their figures of the last 13 weeks."""
    found = _ask(lambda session, at: list_parties(session, at=at, **_wishes(query)), query)
    return jsonify({**found, "parties": [figure_values(figures) for figures in found["parties"]]})


@api.get("/parties/<party>", responses={"200": Party, **MISSING})
@allows("read_restriction_cases")
def get_party(path: PartyPath, query: PartyQuery) -> Any:
    """Return one party: figures, trend, consent by area, classes, routes, protests, commitments."""
    return jsonify(party_values(_ask(lambda s, at: show_party(s, path.party, at=at, **_wishes(query)), query)))


@api.get("/restrictions/monthly", responses={"200": Extract})
@allows("read_restriction_cases")
def get_month(query: MonthQuery) -> Any:
    """Return the extract of a month, as known at a moment."""
    with reading() as session:
        extract = month_extract(
            session, query.month, actor=current_actor(), known_at=query.known_at, now=edge().clock()
        )
    return jsonify(extract_values(extract))


def _wishes(query: PartyQuery) -> dict[str, Any]:
    return {"actor": current_actor(), "known_at": query.known_at, "user_class": query.user_class}


def _ask(ask: Any, query: PartyQuery) -> Any:
    with reading() as session:
        return ask(session, present(session, edge().clock()) if query.at is None else query.at)
