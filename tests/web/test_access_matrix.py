"""Every address × method × role, and nobody: who may is written in `access_matrix.txt`, reviewed by people."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fom.domain.access import PERMISSIONS, ROLES
from fom.web.access import PUBLIC, allows, check_declared, declared_actions
from fom.web.access import SIGNED_IN as SIGNED_IN_ACTION
from tests.web.conftest import Mission

MATRIX = Path(__file__).parent / "access_matrix.txt"
SIGNED_IN = "anybody_signed_in"
ANYBODY = "anybody"
ASKED = ("reporter", "duty_officer", "partner", "auditor", "administrator")
"""Roles that ask every address in the gate; that the others are declared as the matrix says is looked at there, too."""
OWN_UNIT = ("GET", "/movements/pattern")
"""Strictly for the own unit: of the roles that may plan movements those without a unit are refused inside."""
LOGIN = ("POST", "/login")
"""Says 401 for a wrong password; `test_login.py` is about it."""


def read_matrix() -> dict[tuple[str, str], set[str]]:
    rows = {}
    for line in MATRIX.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        address, _, who = line.partition(" : ")
        method, _, rule = address.strip().partition(" ")
        named = set(who.split())
        rows[method, rule.strip()] = set(ROLES) if named & {SIGNED_IN, ANYBODY} else named
        if ANYBODY in named:
            rows[method, rule.strip()] = {*ROLES, ANYBODY}
    return rows


def addresses(app: Flask) -> set[tuple[str, str]]:
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def url_of(app: Flask, rule: str) -> str:
    """Return the address with every variable part filled in by something that fits its type and names nothing."""
    url = rule
    for found in next(r for r in app.url_map.iter_rules() if r.rule == rule)._converters.items():
        name, converter = found
        kind = type(converter).__name__
        value = "1" if kind == "IntegerConverter" else "5f6fdc4e-0000-4000-8000-000000000000"
        url = url.replace(f"<{_spelling(rule, name)}>", value)
    return url


def _spelling(rule: str, name: str) -> str:
    return next(part.split(">")[0] for part in rule.split("<")[1:] if part.split(">")[0].split(":")[-1] == name)


def status_of(client: FlaskClient, method: str, url: str) -> int:
    body = {"json": {}} if method in ("POST", "PATCH", "PUT") and url.startswith("/api/") else {}
    answer = client.open(url, method=method, **body)
    answer.close()
    return answer.status_code


def test_the_matrix_lists_every_address_of_the_application_and_no_other(mission: Mission):
    assert set(read_matrix()) == addresses(mission.app)


def test_the_matrix_names_only_roles_that_exist():
    assert all(who <= {*ROLES, ANYBODY} for who in read_matrix().values())


def test_every_address_declares_for_every_role_what_the_matrix_says(mission: Mission):
    wrong, matrix = [], read_matrix()
    for rule in mission.app.url_map.iter_rules():
        actions = declared_actions(mission.app, rule.endpoint)
        permitted = {role for role in ROLES if any(action in PERMISSIONS[role] for action in actions)}
        if SIGNED_IN_ACTION in actions or PUBLIC in actions:
            permitted = set(ROLES) | ({ANYBODY} if PUBLIC in actions else set())
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            who = matrix[method, rule.rule]
            if who != permitted and not ((method, rule.rule) == OWN_UNIT and who < permitted):
                wrong.append(f"{method} {rule.rule}: {sorted(who ^ permitted)}")
    assert wrong == []


@pytest.mark.parametrize("role", [r if r in ASKED else pytest.param(r, marks=pytest.mark.deep) for r in ROLES])
def test_a_role_reaches_what_the_matrix_says_and_nothing_else(mission: Mission, role: str):
    wrong = []
    assert mission.host.version  # opened: /readyz says 503 before
    client, phone = mission.browser(role), mission.phone(role)
    for (method, rule), who in sorted(read_matrix().items()):
        if (method, rule) == LOGIN:
            continue
        asker = phone if rule.startswith("/openrosa/") else client
        status = status_of(asker, method, url_of(mission.app, rule))
        if rule == "/logout":
            client = mission.browser(role)
        is_fault = status >= 500 and rule != "/readyz"  # not ready is an answer before the first picture
        if (status in (401, 403)) != (role not in who) or is_fault:
            wrong.append(f"{method} {rule}: {status}, {'allowed' if role in who else 'not allowed'}")
    assert wrong == []


def test_nobody_reaches_only_what_is_open_to_anybody(mission: Mission):
    wrong = []
    for (method, rule), who in sorted(read_matrix().items()):
        client = mission.anonymous()
        client.environ_base["HTTP_X_CSRFTOKEN"] = "none"
        status = status_of(client, method, url_of(mission.app, rule))
        is_open = ANYBODY in who
        if not is_open and status not in (401, 302):
            wrong.append(f"{method} {rule}: {status}")
        if is_open and status in (401, 403, 500) and method == "GET":
            wrong.append(f"{method} {rule}: {status}")
    assert wrong == []


def test_a_view_without_a_declared_action_keeps_the_application_from_starting():
    app = Flask("undeclared", static_folder=None)
    app.add_url_rule("/open", "open", allows(PUBLIC)(lambda: "open"))
    check_declared(app)
    app.add_url_rule("/secret", "secret", lambda: "secret")
    with pytest.raises(RuntimeError, match="secret"):
        check_declared(app)


def test_an_action_that_does_not_exist_is_refused_where_it_is_declared():
    with pytest.raises(ValueError, match="rule_the_world"):
        allows("rule_the_world")
