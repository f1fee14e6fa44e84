"""Migrations: up and down on both engines, with rows in the tables, ending in exactly what the models say."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fom.domain.instants import NEVER_US
from fom.services.asking import ask_back
from fom.services.movement_clearances import ask_clearance
from fom.services.movements import get_movement, plan_movement
from fom.services.policies import list_editions
from fom.services.registers import get_register, list_register, register_history, save_register
from fom.services.reporting import get_report, log_report
from fom.store.audit import verify_chain
from fom.store.database import Database
from fom.store.reports import list_version_records, list_versions
from fom.store.schema import current_revision, downgrade, newest_revision, upgrade
from fom.store.tables import (
    APPEND_ONLY,
    Alert,
    AlertMark,
    Base,
    Delivery,
    Evidence,
    ImportBatch,
    ImportRow,
    InspectionForm,
    Look,
    MovementAdvice,
    Shown,
)
from tests.services.people import ADMIN, AMINA, PATROL, T0, draft, hazard, new_id
from tests.services.test_accounts import PASSWORD
from tests.services.test_registers import ROWS
from tests.store.test_audit import assert_guarded

REVISIONS = (
    "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0010", "0011", "0012", "0013", "0014", "0015",
    "0016", "0017", "0018", "0019", "0020",
)  # fmt: skip
MOVEMENT = {
    "id": new_id(), "code": "MV-1", "purpose": "convoy", "user_class": "mission_military",
    "planned_start": "2026-03-10T13:00:00Z",
}  # fmt: skip
NOT_OURS = ("spatial_ref_sys", "record_bounds", "ix_record_geometry")


def fill(database: Database) -> str:
    """Write something into every family of tables; return the id of a report."""
    from fom.services.accounts import create_user

    with database.writing() as session:
        user = create_user(
            session, email="a@b.example", password=PASSWORD, roles=["reporter"], unit="u", actor=ADMIN, now=T0
        )
        logged = log_report(session, draft(hazard()), actor=PATROL, now=T0)
        ask_back(session, logged.report_id, "Which side?", id=new_id(), actor=AMINA, now=T0)
        fill_alerts(session, user.id)
        save_register(session, "area", {"id": new_id(), **ROWS["area"]}, version=None, actor=AMINA, now=T0)
    return logged.report_id


def fill_alerts(session: Session, user_id: str) -> None:
    """Write a row into each of the tables behind alerts."""
    told = {"title": "t", "text": "t", "outside_text": "t", "fact_ids": [], "details": {}, "is_explosive": False}
    session.add(Alert(id="a", user_id=user_id, kind="state", at=T0, **told))
    session.flush()
    way = {"channel": "page", "target": "", "status": "waiting", "tries": 0}
    session.add(Delivery(alert_id="a", user_id=user_id, due_at=T0, **way))
    session.add(AlertMark(name="moves", number=1, at=T0))
    session.add(Look(user_id=user_id, route_id="r", seen_at=T0, version=1, state="GREEN", acknowledged_at=T0))
    asked = {"kind": "map", "subject": "", "profile": "P3", "user_class": "medical", "asked": "", "network_id": "n"}
    session.add(Shown(user_id=user_id, quarter=1, first_at=T0, last_at=T0, routes={}, **asked))
    session.flush()


def tables(database: Database) -> set[str]:
    names = set(inspect(database.engine).get_table_names())
    return {n for n in names if not n.startswith(("spatial_ref_sys", "record_bounds"))} - {"alembic_version"}


def test_the_newest_schema_is_what_the_models_say(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
        ours = [d for d in differences if not any(name in str(d) for name in NOT_OURS)]
        assert ours == []
        assert current_revision(connection) == newest_revision() == REVISIONS[-1]
    assert tables(database) == set(Base.metadata.tables)


def test_an_empty_database_goes_up_and_down_step_by_step_and_up_again(empty_database):
    for revision in REVISIONS:
        assert upgrade(empty_database, revision) == revision
    for revision in (*reversed(REVISIONS[:-1]), None):
        assert downgrade(empty_database, revision or "base") == revision
    assert tables(empty_database) == set()
    assert upgrade(empty_database) == REVISIONS[-1]


def test_rows_of_older_tables_survive_every_step_down_and_up(database):
    report_id = fill(database)
    for revision in ("0002", "0003"):
        (downgrade if revision == "0002" else upgrade)(database, revision)
        with database.reading() as session:
            (version,) = list_versions(session, report_id)
            assert list_version_records(session, version.id)
            assert verify_chain(session).is_intact
    downgrade(database, "0001")
    with database.reading() as session:
        assert verify_chain(session).is_intact
        assert session.execute(text("SELECT count(*) FROM user_account")).scalar() == 1
    upgrade(database)
    fresh = fill_again(database)
    with database.reading() as session:
        assert get_report(session, fresh, actor=AMINA)["version"] == 1


def fill_again(database: Database) -> str:
    with database.writing() as session:
        return log_report(session, draft(hazard()), actor=PATROL, now=T0).report_id


def test_reports_survive_when_their_photos_and_imports_go(database):
    report_id = fill(database)
    with database.writing() as session:
        session.add(
            Evidence(
                id=new_id(), report_id=report_id, kind="photo", media_type="image/jpeg", size=9, sha256="0" * 64,
                received_bytes=0, state="partial", by="x", received=T0,
            )
        )  # fmt: skip
        batch = ImportBatch(
            id=new_id(), kind="csv", form="incident", file_name="a", sha256="0" * 64, headers=[], mapping={}, notes=[],
            state="staged", version=1, counts={}, classification="confidential", by="x", at=T0,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        session.add(ImportRow(batch_id=batch.id, number=1, raw=[], words="", errors=[], report_id=report_id))
    downgrade(database, "0006")
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM report")).scalar() == 1
        assert verify_chain(session).is_intact
    upgrade(database)
    with database.reading() as session:
        assert get_report(session, report_id, actor=AMINA)["evidence"] == []


def test_policies_of_before_hold_from_their_publication_or_with_their_history_from_the_beginning(database):
    downgrade(database, "0003")
    insert = text(
        "INSERT INTO policy_version (policy, profiles, reason, at, by_person) VALUES ('{}', '{}', :reason, :at, 'x')"
    )
    with database.writing() as session:
        session.execute(insert, {"reason": "loaded with its facts", "at": T0})
        session.execute(insert, {"reason": "trial", "at": T0 + 1})
    upgrade(database)
    with database.reading() as session:
        editions = list_editions(session)
    assert [edition.holds_from for edition in editions] == [NEVER_US, NEVER_US, T0 + 1]
    downgrade(database, "0003")
    with database.reading() as session:
        assert session.execute(text("SELECT reason FROM policy_version ORDER BY number")).scalars().all()[1] == "trial"


def test_movements_survive_going_down_and_up_without_their_plans(database):
    with database.writing() as session:
        details = {**MOVEMENT, "vehicles": [{"class": "apc", "count": 2}], "escort": "asked"}
        plan_movement(session, details, version=None, actor=AMINA, now=T0)
        asked = {"id": new_id(), "asked_of": "Army HQ"}
        ask_clearance(session, MOVEMENT["id"], asked, actor=AMINA, now=T0)
    downgrade(database, "0006")
    with database.reading() as session:
        assert get_register(session, "movement", MOVEMENT["id"], actor=AMINA)["code"] == "MV-1"
        assert verify_chain(session).is_intact
    upgrade(database)
    with database.reading() as session:
        again = get_movement(session, MOVEMENT["id"], actor=AMINA, now=T0)
    assert (again["vehicles"], again["escort"], again["clearances"], again["phase"]) == ([], "none", [], "cleared")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_append_only_tables_are_guarded_after_going_down_and_up(database, table):
    downgrade(database, "0001")
    upgrade(database)
    assert_guarded(database, table)


def test_a_migration_that_fails_half_way_leaves_the_old_schema(database):
    if not database.is_sqlite:
        statement = "CREATE VIEW blocks AS SELECT id FROM area"
    else:
        statement = "CREATE VIEW record_bounds_blocks AS SELECT * FROM record_bounds"
    with database.writing() as session:
        session.execute(text(statement))
        if database.is_sqlite:
            session.execute(text("DROP TRIGGER record_bounded"))  # the downgrade will miss it and stop
    before = tables(database)
    with pytest.raises(Exception, match=r"record_bounded|blocks"):
        downgrade(database, "0001")
    assert tables(database) == before
    with database.engine.connect() as connection:
        assert current_revision(connection) == REVISIONS[-1]


def test_inspections_survive_the_schema_without_closings_by_hand_and_stay_guarded(database):
    def keep(form: str, subject: str) -> InspectionForm:
        said = {"inspected_at": T0, "inspected_by": "u", "findings": {}, "received": T0, "by": "p"}
        return InspectionForm(id=new_id(), subject_kind=subject, subject_id="s", form=form, **said)

    with database.writing() as session:
        for form, subject in (("landing", "air_head"), ("closure", "air_head"), ("control_point", "control_point")):
            session.add(keep(form, subject))
        save_register(session, "control_point", {"id": new_id(), **ROWS["control_point"]}, version=None, actor=AMINA,
                      now=T0)  # fmt: skip
    for revision in ("0014", REVISIONS[-1]):
        (downgrade if revision == "0014" else upgrade)(database, revision)
        assert_guarded(database, "inspection_form")
        with database.reading() as session:
            assert session.execute(text("SELECT form FROM inspection_form")).scalars().all() == ["landing"]
    with database.writing() as session:
        session.add(keep("lifting", "air_head"))
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(keep("party", "air_head"))


def test_areas_of_new_kinds_and_new_members_survive_as_far_as_the_older_schema_can_hold_them(database):
    values = {
        "id": new_id(),
        **ROWS["area"],
        "kind": "red_line",
        "entry_points": [{"name": "Gate", "lon": 30, "lat": 5}],
    }
    strip = {"id": new_id(), **ROWS["air_head"], "fuel": "drums", "runways": [{"length_m": 900}]}
    with database.writing() as session:
        save_register(session, "area", values, version=None, actor=AMINA, now=T0)
        save_register(session, "air_head", strip, version=None, actor=AMINA, now=T0)
    downgrade(database, "0006")
    with database.reading() as session:
        assert session.execute(text("SELECT kind, name FROM area")).all() == [("restricted_access", "Zone")]
    upgrade(database)
    with database.reading() as session:
        (area,) = list_register(session, "area", actor=AMINA)
        (air_head,) = list_register(session, "air_head", actor=AMINA)
        versions = register_history(session, "area", values["id"], actor=AMINA)
    assert (area["kind"], area["entry_points"], area["geometry"]) == ("restricted_access", None, values["geometry"])
    assert (air_head["fuel"], air_head["runways"]) == (None, strip["runways"])
    assert versions[0]["changes"]["kind"] == "red_line"
    with pytest.raises(IntegrityError), database.writing() as session:
        session.execute(text("UPDATE area SET kind = 'playground'"))


def test_alerts_survive_with_their_deliveries_where_advice_is_not_known_and_new_kinds_are_held_to(database):
    fill(database)
    told = {"title": "t", "text": "t", "outside_text": "t", "fact_ids": [], "details": {}, "is_explosive": False}
    way = {"channel": "page", "target": "", "status": "waiting", "tries": 0}
    with database.writing() as session:
        (user_id,) = session.execute(text("SELECT id FROM user_account")).scalars()
        session.add(Alert(id="b", user_id=user_id, kind="advice", at=T0, **told))
        session.flush()
        session.add(Delivery(alert_id="b", user_id=user_id, due_at=T0, **way))
        plan_movement(session, {**MOVEMENT}, version=None, actor=AMINA, now=T0)
        advice = {"movement_id": MOVEMENT["id"], "change_number": 1, "state": "RED", "text": "t", "is_explosive": True}
        session.add(MovementAdvice(**advice, told_at=T0))
    downgrade(database, "0018")
    with database.reading() as session:
        assert session.execute(text("SELECT id, kind FROM alert")).all() == [("a", "state")]
        assert session.execute(text("SELECT alert_id FROM delivery")).scalars().all() == ["a"]
    upgrade(database)
    with database.reading() as session:
        assert [row.kind for row in session.query(Alert)] == ["state"]
        assert session.query(Shown).count() == session.query(Delivery).count() == 1
        (kept,) = session.query(MovementAdvice)
        assert (kept.passed_on_at, kept.is_explosive) == (T0, False)
    assert {"ix_alert_user_at"} <= {index["name"] for index in inspect(database.engine).get_indexes("alert")}
    for statement in (
        "UPDATE alert SET kind = 'gossip'",
        "UPDATE shown SET kind = 'gossip'",
        "DELETE FROM alert",
    ):
        with pytest.raises(IntegrityError), database.writing() as session:
            session.execute(text(statement))
