"""Photos: sent in parts that can be taken up again, kept bare, seen by who needs to, every look in the audit."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fom.errors import Conflict, InvalidInput, KeptConflict, NotFound, NotPermitted
from fom.services.auditing import list_audit
from fom.services.evidence import (
    EvidenceDraft,
    announce_evidence,
    find_whole,
    get_evidence,
    list_evidence,
    make_photo,
    read_evidence,
    receive_part,
)
from fom.services.reporting import get_report, log_report
from fom.store.audit import verify_chain
from tests.exchange.test_photos import SECRET, photo
from tests.services.people import AMINA, AUDITOR, NGOZI, OTHER_PATROL, PATROL, T0, draft, hazard, new_id, person

DATA = photo()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


@pytest.fixture
def report_id(database) -> str:
    with database.writing() as session:
        return log_report(session, draft(hazard()), actor=PATROL, now=T0).report_id


def announced(
    database, report_id: str, data: bytes = DATA, *, actor=PATROL, id: str | None = None, **other: Any
) -> str:
    values = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "media_type": "image/jpeg", **other}
    with database.writing() as session:
        row = announce_evidence(session, report_id, EvidenceDraft(id=id or new_id(), **values), actor=actor, now=T0)
    return row["id"]


def send(
    database, folder: Path, id: str, data: bytes, first: int = 0, *, total: int | None = None, actor=PATROL
) -> dict:
    with database.reading() as session:
        whole = find_whole(session, id, data, first=first, folder=folder, actor=actor)
    made = None if whole is None else make_photo(whole)
    total = len(DATA) if total is None else total
    with database.writing() as session:
        return receive_part(session, id, data, first=first, total=total, folder=folder, actor=actor, now=T0, made=made)


def seen(database, folder: Path, id: str, *, actor, small: bool = False) -> bytes:
    with database.writing() as session:
        return read_evidence(session, id, small=small, folder=folder, actor=actor, now=T0)[0]


def test_a_photo_sent_in_parts_is_kept_bare_under_its_hash(database, report_id, folder):
    id = announced(database, report_id)
    assert send(database, folder, id, DATA[:1000])["received_bytes"] == 1000
    with database.reading() as session:
        assert get_evidence(session, id, actor=PATROL)["state"] == "partial"
    done = send(database, folder, id, DATA[1000:], 1000)
    assert (done["state"], done["width"], done["height"]) == ("whole", 300, 600)
    kept = seen(database, folder, id, actor=PATROL)
    assert SECRET not in kept
    names = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    digest = hashlib.sha256(kept).hexdigest()
    assert names == [f"{digest[:2]}/{digest}.jpg", f"{digest[:2]}/{digest}.small.jpg"]
    assert send(database, folder, id, DATA[1000:], 1000)["state"] == "whole", "sent again, nothing happens"


@given(st.lists(st.integers(1, len(DATA) - 1), max_size=6), st.lists(st.integers(0, 6), max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_the_link_breaks_the_photo_arrives(database, report_id, tmp_path_factory, cuts, repeats):
    folder = tmp_path_factory.mktemp("evidence")
    with database.writing() as session:
        own = log_report(session, draft(hazard()), actor=PATROL, now=T0).report_id
    id = announced(database, own)
    bounds = sorted({0, *cuts, len(DATA)})
    parts = list(itertools.pairwise(bounds))
    for place, (low, high) in enumerate(parts):
        row = send(database, folder, id, DATA[low:high], low)
        if place in repeats:
            row = send(database, folder, id, DATA[low:high], low)
    assert row["state"] == "whole"


def test_a_part_after_a_gap_says_where_to_go_on_and_what_the_disk_lost_is_asked_for_again(database, report_id, folder):
    id = announced(database, report_id)
    send(database, folder, id, DATA[:500])
    with pytest.raises(KeptConflict) as gap:
        send(database, folder, id, DATA[900:], 900)
    assert gap.value.details["received_bytes"] == 500
    (folder / "partial" / id).unlink()
    with pytest.raises(KeptConflict) as lost:
        send(database, folder, id, DATA[500:], 500)
    assert lost.value.details["received_bytes"] == 0


def test_a_last_part_that_another_one_made_the_last_is_asked_for_again(database, report_id, folder):
    id = announced(database, report_id)
    with database.reading() as session:
        assert find_whole(session, id, DATA[500:], first=500, folder=folder, actor=PATROL) is None, "a part is missing"
    send(database, folder, id, DATA[:500])
    with database.writing() as session, pytest.raises(KeptConflict) as again:
        receive_part(
            session, id, DATA[500:], first=500, total=len(DATA), folder=folder, actor=PATROL, now=T0, made=None
        )
    assert again.value.details["received_bytes"] == 500
    with database.writing() as session, pytest.raises(KeptConflict):
        receive_part(
            session, id, DATA[500:], first=500, total=len(DATA), folder=folder, actor=PATROL, now=T0,
            made=make_photo(photo("PNG")),
        )  # fmt: skip
    assert send(database, folder, id, DATA[500:], 500)["state"] == "whole"


def test_a_damaged_photo_starts_again_and_one_that_is_none_is_refused_for_good(database, report_id, folder):
    id = announced(database, report_id)
    with pytest.raises(KeptConflict, match="damaged"):
        send(database, folder, id, b"x" * len(DATA))
    assert send(database, folder, id, DATA)["state"] == "whole"
    bad = b"PK\x03\x04" + b"\0" * 200
    other = announced(database, report_id, bad)
    with pytest.raises(KeptConflict, match="cannot be kept: a file that is no whole photo; expected a photo as JPEG"):
        send(database, folder, other, bad, total=len(bad))
    with database.reading() as session:
        assert get_evidence(session, other, actor=PATROL)["state"] == "refused"
        assert verify_chain(session).is_intact
    assert not (folder / "partial" / other).exists()


@pytest.mark.parametrize(
    ("other", "field"),
    [({"size": 40 * 1024 * 1024}, "size"), ({"media_type": "image/svg+xml"}, "type"), ({"sha256": "Z" * 64}, "sha256")],
)
def test_what_will_not_be_taken_is_refused_before_it_is_sent(database, report_id, other, field):
    with pytest.raises(InvalidInput) as refused:
        announced(database, report_id, **other)
    assert [error.field for error in refused.value.errors] == [field]


def test_a_photo_is_the_senders_and_an_id_names_one_file(database, report_id, folder):
    id = announced(database, report_id)
    assert announced(database, report_id, id=id) == id
    with pytest.raises(Conflict):
        announced(database, report_id, DATA + b"x", id=id)
    with pytest.raises(NotPermitted):
        announced(database, report_id, actor=AMINA)
    with pytest.raises(NotFound):
        send(database, folder, id, DATA, actor=AMINA)
    with pytest.raises(InvalidInput, match="announced"):
        send(database, folder, id, DATA + b"more", total=len(DATA) + 4)


def test_graders_and_the_sender_see_it_nobody_else_and_every_look_is_in_the_audit(database, report_id, folder):
    id = announced(database, report_id)
    send(database, folder, id, DATA)
    for who, small in ((PATROL, False), (AMINA, True)):
        assert seen(database, folder, id, actor=who, small=small)
    for who in (OTHER_PATROL, NGOZI):
        with pytest.raises(NotFound):
            seen(database, folder, id, actor=who)
        with database.reading() as session:
            assert list_evidence(session, report_id, actor=who) == []
    with database.reading() as session:
        looks = [line for line in list_audit(session, actor=AUDITOR) if line["action"] == "view_evidence"]
        assert verify_chain(session).is_intact
    assert [(line["actor"], line["details"]["size"]) for line in looks] == [
        (PATROL.person, "whole"),
        (AMINA.person, "small"),
    ]


def test_where_the_camera_was_is_told_to_the_cleared_alone_and_stands_in_no_audit_line(database, report_id, folder):
    id = announced(database, report_id)
    send(database, folder, id, DATA)
    cleared = person("cleared", "jmac", clearance="strictly_confidential")
    with database.reading() as session:
        (for_cleared,) = get_report(session, report_id, actor=cleared)["evidence"]
        (for_grader,) = get_report(session, report_id, actor=AMINA)["evidence"]
        lines = str(list_audit(session, actor=AUDITOR))
    assert for_cleared["position"] == pytest.approx([18.205, -7.31])
    assert "position" not in for_grader
    assert "18.205" not in lines
