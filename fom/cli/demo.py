"""Make the invented demo mission: country, network, sixty days of history, demo accounts."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import orjson
from sqlalchemy.orm import Session

from fom.cli.user import now_us
from fom.config import Config, config_from_env
from fom.domain.access import OPERATOR, Actor
from fom.domain.alerts import CHECKS
from fom.domain.instants import from_us
from fom.domain.profiles import PROFILES
from fom.domain.registers import REGISTERS
from fom.errors import Conflict
from fom.network.artefact import load_network, save_network
from fom.network.build import compile_network
from fom.network.network import Network
from fom.services import accounts
from fom.services.alerts.settings import Outside
from fom.services.alerts.subscriptions import SubscriptionDraft, save_subscription
from fom.services.case_loading import load_case_steps, load_clause_lists
from fom.services.deployment import Database, is_in_use, open_database
from fom.services.facts_exchange import load_facts
from fom.services.inspecting import InspectionDraft, record_inspection
from fom.services.movement_loading import load_movements
from fom.services.picture_host import PictureHost
from fom.services.planning import prepare_routing
from fom.services.policies import activate_network
from fom.services.register_loading import load_registers
from fom.services.registers import list_register
from fom.services.route_studies import StudyDraft, sign_study

DEMO_PASSWORD = "heron-road-at-dawn"  # noqa: S105 - printed at every start; demo accounts exist in the demo only
DEMO_ACCOUNTS: tuple[tuple[str, str, str, str | None, str], ...] = (
    ("duty@demo.example", "Duty officer", "duty_officer", "JOC", "confidential"),
    ("chief@demo.example", "Chief JOC", "chief_joc", "JOC", "strictly_confidential"),
    ("patrol@demo.example", "Patrol", "reporter", "BN1", "confidential"),
    ("eod@demo.example", "EOD officer", "eod", "EOD", "strictly_confidential"),
    ("engineer@demo.example", "Engineer", "engineer", "ENG", "confidential"),
    ("aviation@demo.example", "Aviation officer", "aviation", "AVN", "confidential"),
    ("lead@demo.example", "Head of mission", "leadership", None, "strictly_confidential"),
    ("movcon@demo.example", "Movement control", "movement_control", "LOG", "confidential"),
    ("planner@demo.example", "Planner of FPU2", "movement_control", "FPU2", "strictly_confidential"),
    ("partner@demo.example", "Humanitarian partner", "partner", None, "unclassified"),
)
"""Email, name, role, unit, clearance."""
DEMO_SUBSCRIPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("duty@demo.example", {"title": "Every key route", "kinds": ("explosive", "physical"), "checks": CHECKS}),
    ("lead@demo.example", {"title": "Routes as a whole", "moves": "route"}),
    ("patrol@demo.example", {"title": "Routes of my battalion", "is_unit_routes": True, "kinds": ("explosive",)}),
    ("partner@demo.example", {"title": "Closed or restricted", "states": ("RED", "BLACK"), "profile": "P5",
                              "user_class": "humanitarian"}),
)  # fmt: skip
"""Email, what it watches."""
RELEASED, RELEASED_SITES = ("key_route", "air_head", "crossing"), ("settlement", "camp", "hub")
"""Registers and kinds of sites that everybody in the area knows: shared with partners."""
Say = Callable[[str], None]


@click.command()
def command() -> None:
    """Make the invented demo mission in an empty data folder; prints the accounts."""
    config = config_from_env()
    install_demo(config, now=now_us(), say=lambda text: click.echo(f"  {text}", err=True))
    click.echo(describe_accounts())


def describe_accounts() -> str:
    """Return the demo accounts and their password, one per line."""
    lines = [f"{email:<24} {name}" for email, name, *_ in DEMO_ACCOUNTS]
    return "\n".join([*lines, f"password of all: {DEMO_PASSWORD}"])


def install_demo(config: Config, *, now: int, say: Say) -> None:
    """Fill an empty deployment with the demo mission, ending at `now` (microseconds).

    Everything goes into the database in one transaction at the end: a stopped run leaves it empty.

    Raises
    ------
    Conflict
        The database is in use already.
    """
    with _empty_database(config) as database:
        files = _write_files(config.data / "demo", now, say)
        say("road network")
        network = _build(files.osm, config)
        context = config.data / "context"
        context.mkdir(exist_ok=True)
        for path in files.context.values():
            shutil.copyfile(path, context / path.name)
        _fill(database, network, files, now=now, say=say)


@contextmanager
def _empty_database(config: Config) -> Iterator[Database]:
    database = open_database(config)
    try:
        if is_in_use(database):
            raise Conflict("the database holds records already: the demo needs an empty data folder (DATA=…)")
        yield database
    finally:
        database.dispose()


def _write_files(folder: Path, now: int, say: Say) -> Any:
    from geodata.recipe import make_demo  # only the demo needs the recipe with its packages

    return make_demo(folder, now=from_us(now), progress=say)


def _build(osm: Path, config: Config) -> Network:
    built = compile_network(osm, name="demo")
    folder = save_network(built, config.networks / built.network_id)
    prepare_routing(folder)
    return load_network(folder)


def _fill(database: Database, network: Network, files: Any, *, now: int, say: Say) -> None:
    from geodata.history import make_history

    registers = orjson.loads(files.registers.read_bytes())
    kept = {name: rows for name, rows in registers.items() if name in REGISTERS}  # the recipe also lists people, units
    for name, row in ((name, row) for name, rows in kept.items() for row in rows):
        if name in RELEASED or (name == "site" and row["kind"] in RELEASED_SITES):
            row.setdefault("classification", "unclassified")
    facts = make_history(network, files.facts, files.facts_by_place)
    with database.writing() as session:
        activate_network(session, network.network_id, network.manifest, actor=OPERATOR, now=now)
        say("records")
        load_facts(session, facts, network=network, actor=OPERATOR, now=now)
        say("registers into the database")
        load_clause_lists(session, registers["clause_list"], actor=OPERATOR, now=now)
        load_registers(session, kept, network=network, actor=OPERATOR, now=now)
        load_case_steps(session, registers["case_step"], actor=OPERATOR, now=now)
        make_accounts(session, now=now)
        accounts.name_units(
            session, {row["code"]: row["name"] for row in registers.get("units", ())}, actor=OPERATOR, now=now
        )
        make_subscriptions(session, now=now)
        say("inspections and studies")
        inspect(session, network, now=now)
    say("movements")
    host = PictureHost(database, network, clock=lambda: now)
    with database.writing() as session:
        load_movements(session, host, registers["movement_plan"], actor=OPERATOR, now=now)


def make_subscriptions(session: Session, *, now: int) -> None:
    """Let some demo accounts watch what they would watch."""
    for email, values in DEMO_SUBSCRIPTIONS:
        owner = accounts.find_actor_by_email(session, email)
        if owner is not None:
            draft = SubscriptionDraft(id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{email} {values['title']}")), **values)
            save_subscription(session, DefaultProfiles(), Outside(), draft, actor=owner, now=now)


class DefaultProfiles:
    """What the check of a subscription needs before there is a picture."""

    profiles = PROFILES


INSPECTOR = Actor(
    user_id="demo",
    email="inspections@demo.example",
    roles=frozenset({"chief_joc", "engineer", "aviation"}),
    clearance="strictly_confidential",
)
"""Signs what the demo's people inspected and studied before it begins."""


def inspect(session: Session, network: Network, *, now: int) -> None:
    """Write the demo's inspections and route studies."""
    from geodata.inspections import make_inspections
    from geodata.recipe import DEFAULT_SEED

    rows = {
        name: list_register(session, name, actor=INSPECTOR) for name in ("air_head", "crossing", "site", "key_route")
    }
    inspections, studies = make_inspections(rows, network, seed=DEFAULT_SEED, now=now)
    for draft in inspections:
        record_inspection(session, InspectionDraft(**draft), actor=INSPECTOR, now=now, network=network)
    for draft in studies:
        sign_study(session, StudyDraft(**draft), actor=INSPECTOR, now=now, network=network)


def make_accounts(session: Session, *, now: int) -> None:
    """Make the demo accounts."""
    for email, name, role, unit, clearance in DEMO_ACCOUNTS:
        accounts.create_user(
            session,
            email=email,
            password=DEMO_PASSWORD,
            name=name,
            roles=[role],
            unit=unit,
            clearance=clearance,
            actor=OPERATOR,
            now=now,
        )
