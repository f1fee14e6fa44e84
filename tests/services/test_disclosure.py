"""What a viewer is told: the same state for everybody, the reason only for those who may see what is behind it."""

from __future__ import annotations

import pytest

from fom.domain.access import CLASSIFICATIONS, Access, visible
from fom.errors import NotFound
from fom.services.disclosure import RESTRICTED_TEXT
from fom.services.record_reads import get_record, list_records
from fom.services.reporting import log_report
from fom.services.segments import explain_segment
from tests.services.ground import ON_WEST, Clock, make_host, settle
from tests.services.people import AMINA, CHIEF, PARTNER, PATROL, T0, draft, hazard, incident, person


@pytest.fixture
def ground(database):
    """Return (database, host) with a hidden hazard and an open incident on one road."""
    settle(database)
    host = make_host(database, Clock())
    with database.writing() as session:
        secret = draft(hazard(at=ON_WEST, origin="agent nine"), classification="strictly_confidential")
        log_report(session, secret, actor=CHIEF, now=T0)
        openly = draft(incident(at=ON_WEST, type="detonation", grade="A1"), classification="unclassified")
        log_report(session, openly, actor=AMINA, now=T0)
    host.follow()
    return database, host


CLEARED = person("head", "leadership", clearance="strictly_confidential")


def explained(host, actor):
    return explain_segment(host, "west", host.question(), actor=actor)


@pytest.mark.parametrize("actor", [CLEARED, AMINA, PARTNER], ids=lambda a: a.name)
def test_the_state_is_the_same_for_everybody(ground, actor):
    _, host = ground
    full, shown = explained(host, CLEARED), explained(host, actor)
    for told, known in zip(shown["directions"], full["directions"], strict=True):
        for member in ("state", "components", "next_change", "direction"):
            assert told[member] == known[member]
        assert [r["state"] for r in told["reasons"]] == [r["state"] for r in known["reasons"]]


def test_a_hidden_reason_tells_nothing_but_whom_to_ask(ground):
    _, host = ground
    row = explained(host, AMINA)["directions"][0]
    hidden = next(reason for reason in row["reasons"] if reason["component"] == "explosive")
    assert hidden == {
        "component": "explosive",
        "state": "RED",
        "text": RESTRICTED_TEXT,
        "fact_ids": [],
        "flags": [],
        "is_restricted": True,
    }
    assert row["is_restricted"]
    assert row["confidence"] is None
    assert next(r for r in row["reasons"] if r["component"] == "risk")["fact_ids"]


def test_who_may_see_everything_is_told_everything(ground):
    _, host = ground
    row = explained(host, CLEARED)["directions"][0]
    assert not row["is_restricted"]
    assert all("is_restricted" not in reason for reason in row["reasons"])
    assert next(r for r in row["reasons"] if r["component"] == "explosive")["fact_ids"]


def test_a_partner_is_not_told_when_patrols_passed(ground):
    _, host = ground
    row = explained(host, PARTNER)["directions"][0]
    assert row["verified_at"] is None
    assert "passed west" not in str(row)
    assert "agent nine" not in str(explained(host, PARTNER))


def test_a_hidden_record_answers_like_one_that_does_not_exist(ground):
    database, _ = ground
    with database.reading() as session:
        ids = [f["id"] for f in list_records(session, actor=CLEARED, kinds=["explosive"], known_at=T0)]
        assert list_records(session, actor=AMINA, kinds=["explosive"], known_at=T0) == []
        for record_id in (*ids, "nothing"):
            with pytest.raises(NotFound, match=f"no record '{record_id}'"):
                get_record(session, record_id, actor=AMINA)
        assert get_record(session, ids[0], actor=CLEARED)["handling"]["classification"] == "strictly_confidential"


@pytest.mark.parametrize("classification", CLASSIFICATIONS)
@pytest.mark.parametrize("clearance", CLASSIFICATIONS)
def test_clearance_reaches_up_to_itself(classification, clearance):
    reader = person("r", "duty_officer", clearance=clearance)
    expected = CLASSIFICATIONS.index(classification) <= CLASSIFICATIONS.index(clearance)
    assert visible(reader, Access(classification)) is expected


def test_areas_narrow_and_ones_own_entries_are_always_seen():
    northerner = person("n", "reporter", areas=("north",))
    assert visible(northerner, Access("confidential", "north"))
    assert visible(northerner, Access("confidential", None))
    assert not visible(northerner, Access("confidential", "south"))
    assert visible(PATROL, Access("strictly_confidential", "south", PATROL.person))


def test_an_unknown_segment_is_not_found(ground):
    _, host = ground
    with pytest.raises(NotFound):
        explain_segment(host, "nowhere", host.question(), actor=AMINA)
