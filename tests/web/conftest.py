"""A running application for each test: SQLite in a folder of its own, a drawn network, no threads of the host."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing.rules import Rule

from fom.config import Config
from fom.domain.access import OPERATOR, Actor
from fom.network.drawn import load_network_file
from fom.services.accounts import change_user, get_user, issue_token, open_login
from fom.services.network_switch import NetworkSwitch
from fom.services.picture_host import PictureHost
from fom.store.database import Database
from fom.web.account import limiter
from fom.web.application import build
from fom.web.edge import Edge
from tests.web.mission import Clock, make_store, network_document

ROOT = Path(__file__).resolve().parents[2]


def compile_each_rule_once() -> None:
    """Keep what werkzeug compiles of each address: a thousand applications of the same addresses are built here."""
    compiled: dict[Any, Any] = {}
    compile_anew = Rule._compile_builder

    def compile_builder(rule: Rule, append_unknown: bool = True) -> Any:
        kinds = sorted((name, type(converter).__name__) for name, converter in rule._converters.items())
        key = (tuple(rule._trace), str(rule.defaults), str(kinds), append_unknown)
        if key not in compiled:
            compiled[key] = compile_anew(rule, append_unknown)
        return compiled[key]

    Rule._compile_builder = compile_builder


compile_each_rule_once()


class CompiledOnce(BytecodeCache):
    """Templates as they were compiled for another application of this process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        kept = self._kept.get((bucket.key, bucket.checksum))
        if kept is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


templates = CompiledOnce()


@pytest.fixture(scope="session")
def kept_store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Actor]]:
    """A database with one account per role, made once and copied for each test (hashing passwords is slow)."""
    folder = tmp_path_factory.mktemp("store")
    return folder, make_store(f"sqlite:///{folder / 'fom.sqlite'}")


@pytest.fixture(scope="session")
def network() -> Any:
    return load_network_file(network_document())


@dataclass
class Mission:
    """What a test of the web edge talks to."""

    app: Flask
    database: Database
    clock: Clock
    actors: dict[str, Actor]

    @property
    def host(self) -> PictureHost:
        return self.app.extensions["fom"].host

    def anonymous(self) -> FlaskClient:
        return self.app.test_client()

    def browser(self, role: str) -> FlaskClient:
        """Return a client with a login of that role and the CSRF token in its headers."""
        client = self.app.test_client()
        with self.database.writing() as session:
            key = open_login(session, self.actors[role].user_id, now=self.clock())
        with client.session_transaction() as cookie:
            cookie.permanent = True
            cookie.update(login=key, seen=self.clock(), csrf_token="of this test")
        with self.app.test_request_context():
            from flask import session as cookie
            from flask_wtf.csrf import generate_csrf

            cookie["csrf_token"] = "of this test"
            client.environ_base["HTTP_X_CSRFTOKEN"] = generate_csrf()
        return client

    def program(self, role: str) -> FlaskClient:
        """Return a client that sends a personal token of that role."""
        client = self.app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.token(role)}"
        return client

    def phone(self, role: str) -> FlaskClient:
        """Return a client that sends e-mail and token of that role by HTTP Basic."""
        client = self.app.test_client()
        basic = base64.b64encode(f"{self.actors[role].email}:{self.token(role)}".encode()).decode()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Basic {basic}"
        return client

    def clear(self, who: str, clearance: str) -> None:
        """Give an account another clearance."""
        user_id = self.actors[who].user_id
        with self.database.writing() as session:
            version = get_user(session, user_id).version
            changes = {"clearance": clearance}
            change_user(session, user_id, version=version, changes=changes, actor=OPERATOR, now=self.clock())

    def second(self, role: str) -> FlaskClient:
        """Return a program of another person of that role."""
        return self.program(f"second {role}")

    def token(self, role: str) -> str:
        actor = self.actors[role]
        with self.database.writing() as session:
            text, _row = issue_token(session, email=actor.email, label="test", actor=actor, now=self.clock())
        return text


@pytest.fixture
def mission(kept_store: tuple[Path, dict[str, Actor]], network: Any, tmp_path: Path) -> Iterator[Mission]:
    folder, actors = kept_store
    for file in folder.iterdir():
        shutil.copy(file, tmp_path)
    database = Database(f"sqlite:///{tmp_path / 'fom.sqlite'}")
    clock = Clock()
    config = Config(data=tmp_path, mission="Test mission")

    def open_hosts() -> NetworkSwitch:
        return NetworkSwitch(config, database, clock=clock, opened=PictureHost(database, network, clock=clock))

    app = build(
        Edge(config=config, database=database, clock=clock, open_hosts=open_hosts), secret_key="test", root=ROOT
    )
    app.jinja_env.bytecode_cache = templates
    app.testing = True
    limiter.reset()
    yield Mission(app, database, clock, actors)
    app.extensions["fom"].close()
    database.dispose()
