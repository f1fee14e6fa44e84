"""Migrations: up and down on both engines, with rows in the tables, ending in exactly what the models say."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from fom.domain.instants import NEVER_US
from fom.services.policies import list_editions
from fom.services.registers import save_register
from fom.services.reporting import get_report, log_report
from fom.store.audit import verify_chain
from fom.store.database import Database
from fom.store.reports import list_version_records, list_versions
from fom.store.schema import current_revision, downgrade, newest_revision, upgrade
from fom.store.tables import APPEND_ONLY, Base, Evidence, ImportBatch, ImportRow
from tests.services.people import ADMIN, AMINA, PATROL, T0, draft, hazard, new_id
from tests.services.test_accounts import PASSWORD
from tests.services.test_registers import ROWS
from tests.store.test_audit import assert_guarded

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
NOT_OURS = ("spatial_ref_sys", "record_bounds", "ix_record_geometry")


def fill(database: Database) -> str:
    """Write something into every family of tables; return the id of a report."""
    from fom.services.accounts import create_user

    with database.writing() as session:
        create_user(session, email="a@b.example", password=PASSWORD, roles=["reporter"], unit="u", actor=ADMIN, now=T0)
        logged = log_report(session, draft(hazard()), actor=PATROL, now=T0)
        save_register(session, "area", {"id": new_id(), **ROWS["area"]}, version=None, actor=AMINA, now=T0)
    return logged.report_id


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
