"""Inspections, studies and imports: written once, moving what they speak of, and taken back exactly."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from fom.domain.facts_file import parse_record
from fom.domain.instants import format_instant
from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.picture.picture import Picture
from fom.services.air_head_import import apply_batch, reverse_batch, stage_air_heads
from fom.services.air_heads import by_type, stand
from fom.services.area_statements import wet_places
from fom.services.inspecting import (
    InspectionDraft,
    approve_aircraft,
    list_inspections,
    record_inspection,
)
from fom.services.registers import get_register, list_register, register_history, save_register
from fom.services.reporting import get_report
from fom.store.tables import Inspection, InspectionForm, RegisterImport
from tests.services.ground import make_network
from tests.services.people import AMINA, DAY, HOUR, NGOZI, PATROL, T0, new_id, person

WINGS = person("wings", "aviation")
STRIP = {"code": "AH1", "name": "Strip", "kind": "airstrip", "lon": 30.0, "lat": 5.0, "status": "unknown"}
CHECKLIST = dict.fromkeys(
    (
        "customs_present",
        "immigration_present",
        "records_kept",
        "search_lane",
        "quarantine_point",
        "secure_store",
        "communications",
    ),
    "yes",
)


@pytest.fixture(scope="module")
def network():
    return make_network()


def add(database, register: str, **values) -> dict:
    with database.writing() as session:
        return save_register(session, register, {"id": new_id(), **values}, version=None, actor=AMINA, now=T0)


def draft(subject: dict | str, form: str, **rest) -> InspectionDraft:
    kinds = dict.fromkeys(("air_head", "landing", "closure", "lifting"), "air_head")
    kinds |= {"crossing": "crossing", "access": "site", "asset": "asset", "control_point": "control_point"}
    values = {
        "id": new_id(),
        "subject_kind": kinds[form],
        "subject_id": subject if isinstance(subject, str) else subject["id"],
        "form": form,
        "inspected_at": T0 - HOUR,
        "inspected_by": "those who looked",
    }
    return InspectionDraft(**(values | rest))


def inspect(database, network, sent: InspectionDraft, *, actor=AMINA, now=T0) -> dict:
    with database.writing() as session:
        return record_inspection(session, sent, actor=actor, now=now, network=network)


def test_the_newest_inspection_moves_the_row_and_an_older_one_does_not(database, network):
    row = add(database, "air_head", **STRIP)
    inspect(database, network, draft(row, "air_head", status="restricted"))
    inspect(database, network, draft(row, "air_head", status="serviceable", inspected_at=T0 - 5 * DAY))
    with database.reading() as session:
        now = get_register(session, "air_head", row["id"], actor=AMINA)
        assert (now["status"], now["inspected_at"]) == ("restricted", format_instant(T0 - HOUR))
        told = list_inspections(session, "air_head", row["id"], actor=AMINA, network=network)
        assert [one["status"] for one in told] == ["restricted", "serviceable"]
        assert sorted(i.status for i in session.scalars(select(Inspection))) == ["restricted", "serviceable"]


def test_the_same_inspection_again_is_the_first_and_another_under_its_id_is_refused(database, network):
    row = add(database, "air_head", **STRIP)
    sent = draft(row, "air_head", status="serviceable")
    assert inspect(database, network, sent) == inspect(database, network, sent, now=T0 + 5)
    with pytest.raises(Conflict):
        inspect(database, network, draft(row, "air_head", status="restricted", id=sent.id))
    with database.reading() as session:
        assert len(session.scalars(select(InspectionForm)).all()) == 1
        assert get_register(session, "air_head", row["id"], actor=AMINA)["version"] == 2


def test_every_bad_answer_is_named_and_nothing_is_written(database, network):
    row = add(database, "air_head", **STRIP)
    findings = {"colour": "red", "usable_length_m": -4, "standing_water": "perhaps"}
    sent = draft(row, "air_head", status="fine", inspected_by=" ", inspected_at=T0 + DAY, findings=findings)
    with pytest.raises(InvalidInput) as refused:
        inspect(database, network, sent)
    named = {"status", "inspected_by", "inspected_at", *(f"findings.{name}" for name in findings)}
    assert {e.field for e in refused.value.errors} == named
    with database.reading() as session:
        assert session.scalars(select(InspectionForm)).all() == []


def test_a_crossing_passes_its_checklist_only_whole(database, network):
    row = add(database, "crossing", name="Gate", lon=30.0, lat=5.0, status="unknown")
    partly = {**CHECKLIST, "records_kept": "no", "people": "operational", "goods": "closed", "staffed": "yes"}
    inspect(database, network, draft(row, "crossing", status="partly", findings=partly, inspected_at=T0 - 2 * HOUR))
    with database.reading() as session:
        now = get_register(session, "crossing", row["id"], actor=AMINA)
    assert (now["status"], now["people"], now["goods"], now["staffed"]) == ("partly", True, False, True)
    assert now["checklist_passed_at"] is None
    inspect(database, network, draft(row, "crossing", status="operational", findings=CHECKLIST))
    with database.reading() as session:
        now = get_register(session, "crossing", row["id"], actor=AMINA)
    assert now["checklist_passed_at"] == format_instant(T0 - HOUR)


def test_a_limit_found_on_a_bridge_is_reported_at_once_and_names_it(database, network):
    kept = inspect(database, network, draft("bridge", "asset", status="poor", findings={"mlc": 12}), actor=NGOZI)
    with database.reading() as session:
        (record,) = get_report(session, kept["report_id"], actor=NGOZI)["records"]
    said = record["properties"]
    assert (said["damage"], said["limits"], said["asset"]) == ("limit", {"mlc": 12}, "bridge")


def test_a_good_bridge_makes_no_report_so_that_nothing_is_improved_by_an_inspection(database, network):
    kept = inspect(database, network, draft("bridge", "asset", status="good"), actor=NGOZI)
    assert kept["report_id"] is None


def test_who_may_not_inspect_is_refused_and_what_is_not_there_is_not_found(database, network):
    with pytest.raises(NotPermitted):
        inspect(database, network, draft("bridge", "asset", status="good"), actor=PATROL)
    with pytest.raises(NotFound):
        inspect(database, network, draft("no such bridge", "asset", status="good"), actor=NGOZI)
    secret = add(database, "site", name="Hidden", kind="camp", lon=30, lat=5, classification="strictly_confidential")
    other = person("basil2", "duty_officer")
    with pytest.raises(NotFound):
        inspect(database, network, draft(secret, "access", status="open"), actor=other)


def test_a_landing_serves_its_approved_type_and_no_other(database, network):
    row = add(database, "air_head", **STRIP)
    with database.writing() as session:
        approve_aircraft(session, row["id"], "caravan", is_approved=True, version=1, actor=WINGS, now=T0)
    for kind in ("caravan", "hercules"):
        inspect(database, network, draft(row, "landing", findings={"aircraft_type": kind}), actor=WINGS)
    with database.reading() as session:
        now = get_register(session, "air_head", row["id"], actor=AMINA)
        told = by_type(session, now, survey(network), is_wet=False, at=T0 + DAY, known_at=T0 + DAY)
        wet = wet_places(session, {row["id"]: (30.0, 5.0)}, at=T0)
    assert [(s.aircraft_type, s.status) for s in told] == [("caravan", "serviceable"), ("hercules", "unknown")]
    assert now["approvals"][0]["by"] == WINGS.person
    assert wet == {row["id"]}  # nobody stated a season


def survey(network, *records):
    return Picture(network, [parse_record(record) for record in records]).survey(T0 + 100 * DAY)


def standing(database, network, *records, at=T0, known_at=T0 + HOUR) -> dict:
    with database.reading() as session:
        rows = list_register(session, "air_head", actor=AMINA)
        (row,) = stand(session, rows, survey(network, *records), at=at, known_at=known_at)
    return row


def closing(row: dict, **rest) -> InspectionDraft:
    values = {"status": "unserviceable", "findings": {"reason": "apron under water"}, "next_review": T0 + 2 * DAY}
    return draft(row, "closure", **(values | rest))


def test_a_closing_by_hand_holds_until_its_end_or_until_it_is_lifted(database, network):
    row = add(database, "air_head", **STRIP)
    inspect(database, network, draft(row, "air_head", status="serviceable"), actor=WINGS)
    kept = inspect(database, network, closing(row))
    closed = standing(database, network)
    assert (closed["status"], closed["why"], closed["ref"]) == ("unserviceable", "closed_by_hand", kept["id"])
    assert closed["found"] == "serviceable", "the register keeps what was found"
    assert standing(database, network, at=T0 + 2 * DAY)["status"] == "serviceable"
    assert standing(database, network, known_at=T0 - 1)["status"] == "unknown", "neither was known then"
    inspect(database, network, draft(row, "lifting", inspected_at=T0, findings={"reason": "dry again"}))
    assert standing(database, network)["status"] == "serviceable"
    with pytest.raises(Conflict):
        inspect(database, network, draft(row, "lifting", inspected_at=T0, findings={"reason": "once more"}))


@pytest.mark.parametrize(
    "rest", [{"next_review": None}, {"next_review": T0 - 1}, {"findings": {}}, {"status": "serviceable"}]
)
def test_a_closing_needs_a_reason_and_an_end_ahead_and_never_opens(database, network, rest):
    row = add(database, "air_head", **STRIP)
    with pytest.raises(InvalidInput):
        inspect(database, network, closing(row, **rest))


def test_what_somebody_else_closed_is_lifted_by_aviation_and_not_by_a_second_officer(database, network):
    row = add(database, "air_head", **STRIP)
    inspect(database, network, closing(row))
    lifting = draft(row, "lifting", findings={"reason": "looks fine to me"})
    with pytest.raises(NotPermitted):
        inspect(database, network, lifting, actor=person("basil3", "duty_officer"))
    inspect(database, network, lifting, actor=WINGS)
    assert standing(database, network)["status"] == "unknown"


def explosive(lon: float, **rest) -> dict:
    said = {
        "kind": "explosive", "hazard": "item", "class": "uxo", "received": format_instant(T0 - DAY), "by": "p",
        "grade": "A1", "location": {"method": "gps", "accuracy_m": 15},
    } | rest  # fmt: skip
    return {
        "type": "Feature", "id": new_id(), "geometry": {"type": "Point", "coordinates": [lon, 5.0]}, "properties": said,
    }  # fmt: skip


def test_an_explosive_fact_on_its_ground_closes_an_air_head_whatever_was_inspected(database, network):
    row = add(database, "air_head", **STRIP, runways=[{"length_m": 900}])
    inspect(database, network, draft(row, "air_head", status="serviceable"))
    near, far = explosive(30.0045), explosive(30.0065)  # 498 and 719 m off; the ground reaches 550 m
    assert standing(database, network, far)["status"] == "serviceable"
    closed = standing(database, network, far, near)
    assert (closed["status"], closed["why"], closed["ref"]) == ("unserviceable", "explosive", near["id"])
    doubtful = explosive(30.0045, grade="E5")
    assert standing(database, network, doubtful)["status"] == "restricted"


def test_a_control_point_of_ours_is_explained_and_its_log_moves_what_was_found(database, network):
    place = {"name": "Post", "kind": "resource_control", "lon": 30.0, "lat": 5.0}
    with pytest.raises(InvalidInput) as refused:
        add(database, "control_point", **place, run_by="mission")
    told = {"owner", "reason", "starts_at", "ends_at", "public_text", "public_place"}
    assert {e.field for e in refused.value.errors} == told
    with pytest.raises(InvalidInput):
        add(database, "control_point", **place, run_by="host_police", status="manned")
    row = add(database, "control_point", **place, run_by="host_police", passes=["medical"])
    findings = {"loads_of_resources": "12", "loads_turned_back": 2}
    inspect(database, network, draft(row, "control_point", status="unmanned", findings=findings))
    with database.reading() as session:
        now = get_register(session, "control_point", row["id"], actor=AMINA)
        (log,) = list_inspections(session, "control_point", row["id"], actor=AMINA, network=network)
    assert (now["status"], now["inspected_at"]) == ("unmanned", format_instant(T0 - HOUR))
    assert log["findings"] == {"loads_of_resources": 12.0, "loads_turned_back": 2.0}


def test_only_aviation_approves_and_its_approval_can_be_taken_back(database):
    row = add(database, "air_head", **STRIP)
    with pytest.raises(NotPermitted), database.writing() as session:
        approve_aircraft(session, row["id"], "jet", is_approved=True, version=1, actor=AMINA, now=T0)
    with pytest.raises(NotPermitted):
        add(database, "air_head", **STRIP | {"code": "AH2", "aircraft_types": ["jet"]})
    with database.writing() as session:
        saved = approve_aircraft(session, row["id"], "jet", is_approved=True, version=1, actor=WINGS, now=T0)
        saved = approve_aircraft(
            session, row["id"], "jet", is_approved=False, version=saved["version"], actor=WINGS, now=T0
        )
    assert (saved["approvals"], saved["aircraft_types"]) == ([], [])


HEAD = "ident,type,name,latitude_deg,longitude_deg,elevation_ft\n"
TABLE = HEAD + (
    "AH1,small_airport,Strip of the table,5.0,30.0,1000\n"
    "NEW1,heliport,Pad,5.1,30.1,\n"
    "FAR,large_airport,Elsewhere,50,10,300\n"
    "SEA,seaplane_base,Lake,5.1,30.1,300\n"
    "BAD1,small_airport,Broken,north,30.1,10\n"
    "BAD2,spaceport,Odd,5.1,30.1,10\n"
    "NEW1,heliport,Twice,5.1,30.1,\n"
    ",heliport,Nameless,5.1,30.1,\n"
    "NULL,heliport,Null island,0,0,\n"
    "HIGH,heliport,High,5.1,30.1,99999\n"
    "SHORT,heliport\n"
)
RUNWAYS = (
    "airport_ident,length_ft,width_ft,surface,lighted,closed,le_ident,le_heading_degT,he_ident\n"
    "AH1,3000,60,GVL,0,0,09,88,27\n"
    "AH1,long,60,GVL,0,0,01,,\n"
    "AH1,2000,60,ASP,0,1,04,,\n"
)
BOUNDS = (29.0, 4.0, 31.0, 6.0)


def stage(database, text: str = TABLE, *, id: str | None = None, actor=WINGS, runways=RUNWAYS) -> dict:
    with database.writing() as session:
        return stage_air_heads(
            session, id=id or new_id(), file_name="t.csv", airports=text, runways=runways, bounds=BOUNDS,
            actor=actor, now=T0,
        )  # fmt: skip


def everything(database) -> list[dict]:
    """Return the whole register without what counts and dates its versions."""
    with database.reading() as session:
        rows = list_register(session, "air_head", actor=AMINA)
    return [{k: v for k, v in row.items() if k not in ("version", "changed_at", "by")} for row in rows]


def test_a_preview_tells_what_is_new_changed_left_out_and_broken_and_writes_nothing(database):
    add(database, "air_head", **STRIP, fuel="drums")
    before = everything(database)
    batch = stage(database)
    assert [row["values"]["source"] for row in batch["new"]] == ["NEW1"]
    (changed,) = batch["changed"]
    assert changed["values"]["name"] == "Strip of the table"
    assert changed["values"]["runways"] == [
        {"length_m": 914, "width_m": 18, "bearing": 88.0, "surface": "gravel", "name": "09/27"}
    ]
    assert "status" not in changed["values"]
    assert (batch["outside"], batch["left_out"]) == (1, 1)
    assert [fault["ident"] for fault in batch["faults"]] == ["BAD1", "BAD2", "NEW1", "", "NULL", "HIGH", "SHORT", "AH1"]
    assert all(" " in fault["why"] for fault in batch["faults"])
    assert everything(database) == before


def test_a_batch_taken_back_restores_exactly_what_was_there(database):
    add(database, "air_head", **STRIP, fuel="drums", notes="kept")
    before = everything(database)
    batch = stage(database)
    with database.writing() as session:
        apply_batch(session, batch["id"], actor=WINGS, now=T0)
    after = everything(database)
    assert [row["code"] for row in after] == ["AH1", "NEW1"]
    assert (after[0]["fuel"], after[0]["notes"], after[0]["elevation_m"]) == ("drums", "kept", 304.8)
    with database.writing() as session:
        reverse_batch(session, batch["id"], actor=WINGS, now=T0)
    assert everything(database) == before
    with database.reading() as session:
        then = list_register(session, "air_head", actor=AMINA, known_at=2**62)
        assert [row["code"] for row in then] == ["AH1"]
        strip = then[0]["id"]
        assert len(register_history(session, "air_head", strip, actor=AMINA)) == 3


def test_what_was_taken_back_can_be_imported_again(database):
    for _ in range(2):
        batch = stage(database)
        with database.writing() as session:
            apply_batch(session, batch["id"], actor=WINGS, now=T0)
        with database.writing() as session:
            reverse_batch(session, batch["id"], actor=WINGS, now=T0)
    batch = stage(database)
    with database.writing() as session:
        apply_batch(session, batch["id"], actor=WINGS, now=T0)
    assert [row["code"] for row in everything(database)] == ["AH1", "NEW1"]


def test_an_import_over_its_own_rows_changes_nothing(database):
    batch = stage(database)
    with database.writing() as session:
        apply_batch(session, batch["id"], actor=WINGS, now=T0)
        again = apply_batch(session, batch["id"], actor=WINGS, now=T0)
    assert again["rows_written"] == 2
    again = stage(database)
    assert (again["new"], again["changed"], again["unchanged"]) == ([], [], 2)


def test_a_row_changed_since_keeps_the_batch_from_being_written_or_taken_back(database):
    row = add(database, "air_head", **STRIP)
    batch = stage(database)
    edited = {"id": row["id"], **STRIP, "fuel": "tank"}
    with database.writing() as session:
        save_register(session, "air_head", edited, version=1, actor=AMINA, now=T0)
    with pytest.raises(Conflict) as refused, database.writing() as session:
        apply_batch(session, batch["id"], actor=WINGS, now=T0)
    assert refused.value.details["rows"] == [row["id"]]
    fresh = stage(database)
    with database.writing() as session:
        apply_batch(session, fresh["id"], actor=WINGS, now=T0)
    with database.writing() as session:
        save_register(session, "air_head", edited, version=3, actor=AMINA, now=T0)
    with pytest.raises(Conflict), database.writing() as session:
        reverse_batch(session, fresh["id"], actor=WINGS, now=T0)
    with database.reading() as session:
        assert session.get_one(RegisterImport, fresh["id"]).reversed_at is None


@pytest.mark.parametrize("text", ["", "ident,name\n1,2\n", "\x00", "[]"])
def test_what_is_no_such_table_is_refused(database, text):
    with pytest.raises(InvalidInput) as refused:
        stage(database, text, runways=None)
    assert refused.value.errors[0].field == "airports"


def test_who_does_not_keep_air_heads_imports_none(database):
    with pytest.raises(NotPermitted):
        stage(database, actor=NGOZI)
