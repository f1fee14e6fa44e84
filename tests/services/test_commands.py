"""The operator's commands, on a deployment of their own."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from fom.cli import main
from fom.config import config_from_env
from fom.services.accounts import find_actor_by_token, verify_login
from fom.services.auditing import DailyHead
from fom.services.deployment import open_database
from fom.services.reporting import log_report
from fom.store.audit_heads import FILE_NAME
from fom.store.schema import newest_revision
from tests.services.people import PATROL, T0, draft, hazard

PASSWORD = "green-heron-over-water"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs a command in a data folder of its own."""
    monkeypatch.setenv("FOM_DATA", str(tmp_path))
    monkeypatch.setenv("FOM_SECRET_KEY", "a secret of this test")
    monkeypatch.delenv("FOM_DATABASE_URL", raising=False)
    return lambda *arguments: CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture
def reported(run):
    """Return the database of the deployment with one report at T0."""
    database = open_database(config_from_env())
    with database.writing() as session:
        log_report(session, draft(hazard()), actor=PATROL, now=T0)
    yield database
    database.dispose()


def test_an_account_and_its_token_open_the_door(run):
    assert run("user", "add", "amina@x.example", "--role", "duty_officer", "--password", PASSWORD).exit_code == 0
    token = run("user", "token", "amina@x.example").output.strip()
    database = open_database(config_from_env())
    with database.reading() as session:
        assert verify_login(session, "amina@x.example", PASSWORD, now=T0) is not None
        assert find_actor_by_token(session, token, now=T0).email == "amina@x.example"
    assert run("user", "switch", "amina@x.example", "--off").exit_code == 0
    with database.reading() as session:
        assert find_actor_by_token(session, token, now=T0) is None
    assert "(off)" in run("user", "list").output
    database.dispose()


@pytest.mark.parametrize(
    "arguments",
    [
        ("user", "add", "nobody", "--role", "duty_officer", "--password", PASSWORD),
        ("user", "add", "a@b.example", "--role", "king", "--password", PASSWORD),
        ("user", "add", "a@b.example", "--role", "eod", "--password", "short"),
        ("user", "token", "stranger@x.example"),
        ("user", "switch", "stranger@x.example", "--off"),
        ("facts", "export", "--known-at", "yesterday"),
    ],
)
def test_what_cannot_be_used_ends_with_code_two_and_says_what_was_expected(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr


def test_facts_are_exported_as_known_at_a_moment(run, reported, tmp_path):
    out = tmp_path / "facts.json"
    for known_at, count in (("2026-03-10T11:59:59.999999Z", 0), ("2026-03-10T12:00:00Z", 1)):
        assert run("facts", "export", "--known-at", known_at, "--out", out).exit_code == 0
        assert len(json.loads(out.read_text())["features"]) == count
    assert json.loads(run("facts", "export").stdout)["format"] == "fom-facts/1"


def test_the_audit_is_verified_and_a_cut_tail_is_seen_against_the_kept_head(run, reported, tmp_path):
    assert run("audit", "head").exit_code == 0
    assert "intact" in run("audit", "verify").output
    with reported.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
        connection.exec_driver_sql("DELETE FROM audit")
    broken = run("audit", "verify")
    assert broken.exit_code == 1
    assert "no such line" in broken.stderr
    (tmp_path / FILE_NAME).write_text("{}\n")
    assert run("audit", "verify").exit_code == 2


def test_the_running_service_keeps_one_head_a_day(run, reported, tmp_path):
    now = [T0]
    daily = DailyHead(config_from_env(), reported, lambda: now[0])
    for moment in (T0, T0 + 1, T0 + 86_400_000_000):
        now[0] = moment
        daily()
    assert len((tmp_path / FILE_NAME).read_text().splitlines()) == 2


def test_the_schema_goes_up_and_down_by_command(run):
    assert run("db", "upgrade").output.strip() == f"schema {newest_revision()}"
    assert run("db", "check").exit_code == 0
    assert run("db", "downgrade", "0002", "--yes").output.strip() == "schema 0002"
    assert run("db", "check").exit_code == 2
    assert run("db", "downgrade", "base", "--yes").output.strip() == "nothing left"
