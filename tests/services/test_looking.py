"""A unit's routes: what changed since they were acknowledged, and which units have acknowledged theirs."""

from __future__ import annotations

import pytest

from fom.domain.instants import format_instant
from fom.errors import InvalidInput, NotFound, NotPermitted
from fom.services.looking import acknowledge_routes, list_acknowledgements, list_my_routes
from fom.store.audit import verify_chain
from tests.services.alerts.watch import ROUTE_ID, account, open_watchroom
from tests.services.ground import ON_EAST, ON_WEST
from tests.services.people import HOUR, hazard, passage


@pytest.fixture
def room(database, tmp_path):
    return open_watchroom(database, tmp_path)


def look(room, who) -> dict:
    room.host.follow()
    with room.database.reading() as session:
        return list_my_routes(session, room.host, room.host.question(), actor=who)


def acknowledge(room, who, page, routes=(ROUTE_ID,)) -> list[dict]:
    from fom.domain.instants import parse_instant

    with room.database.writing() as session:
        return acknowledge_routes(
            session, room.host, routes, seen_at=parse_instant(page["at"]), version=page["version"], actor=who,
            now=room.clock.now,
        )  # fmt: skip


def test_what_changed_is_counted_from_the_page_that_was_acknowledged(room):
    owner = account(room.database, "owner", "reporter", unit="sector east")
    first = look(room, owner)
    assert (first["whose"], [r["code"] for r in first["routes"]]) == ("unit", ["MSR HERON"])
    room.report(hazard(at=ON_WEST))  # comes while the page is being read
    room.host.follow()
    (receipt,) = acknowledge(room, owner, first)
    assert (receipt["state"], receipt["version"]) == ("GREEN", first["version"])
    (route,) = look(room, owner)["routes"]
    assert (route["before"], route["state"], route["receipt"]["number"]) == ("O", "R", receipt["number"])
    assert [(c["where"], c["before"], c["after"]) for c in route["changes"]] == [("MSR HERON km 0–1.1", "O", "R")]
    acknowledge(room, owner, look(room, owner))
    (route,) = look(room, owner)["routes"]
    assert (route["changes"], route["before"]) == ([], "R")
    with room.database.reading() as session:
        assert verify_chain(session).is_intact


def test_who_never_acknowledged_is_told_of_the_last_day(room):
    owner = account(room.database, "owner", "reporter", unit="sector east")
    room.report(hazard(at=ON_EAST))
    (route,) = look(room, owner)["routes"]
    assert route["receipt"] is None
    # a day ago nobody had passed yet
    assert [(c["before"], c["after"]) for c in route["changes"]] == [("?", "R"), ("?", "O")]


def test_an_old_page_cannot_be_acknowledged_nor_one_of_the_future(room):
    owner = account(room.database, "owner", "reporter", unit="sector east")
    page = look(room, owner)
    room.clock.now += 25 * HOUR
    with pytest.raises(InvalidInput, match="opened within the last day"):
        acknowledge(room, owner, page)
    with pytest.raises(InvalidInput):
        acknowledge(room, owner, page | {"at": format_instant(room.clock.now + 60_000_000)})
    with pytest.raises(NotFound):
        acknowledge(room, owner, look(room, owner), ["another"])


def test_a_unit_has_acknowledged_when_somebody_of_it_has_within_a_day(room):
    owner = account(room.database, "owner", "reporter", unit="sector east")
    account(room.database, "mate", "reporter", unit="sector east")
    west = account(room.database, "west", "reporter", unit="sector west")
    lead = account(room.database, "lead", "leadership")
    account(room.database, "partner", "partner", unit="relief")

    def units() -> dict:
        with room.database.reading() as session:
            found = list_acknowledgements(session, actor=lead, now=room.host.now())
        return {row["unit"]: row["has_acknowledged"] for row in found["units"]} | {"share": found["share"]}

    assert units() == {"sector east": False, "sector west": False, "share": 0}
    acknowledge(room, owner, look(room, owner))
    assert units() == {"sector east": True, "sector west": False, "share": 0.5}
    acknowledge(room, west, look(room, west))
    assert units()["share"] == 1
    room.clock.now += 25 * HOUR
    room.report(passage("west", occurred=room.clock.now))
    room.host.follow()
    assert units()["share"] == 0
    with room.database.reading() as session, pytest.raises(NotPermitted):
        list_acknowledgements(session, actor=owner, now=room.host.now())
