"""The API's own description: whole, valid, and true of what the service answers."""

from __future__ import annotations

import re

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import seed as fixed_seed
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.deep import share_of
from tests.web.conftest import Mission

API = "/api/v1"


def as_template(rule: str) -> str:
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


def test_every_address_of_the_api_is_described_and_nothing_else(mission: Mission):
    paths = mission.anonymous().get(f"{API}/openapi.json").json["paths"]
    described = {(method.upper(), path) for path, item in paths.items() for method in item}
    served = {
        (method, as_template(rule.rule))
        for rule in mission.app.url_map.iter_rules()
        if rule.rule.startswith(API) and rule.endpoint != "document.openapi"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served


def test_every_schema_of_the_description_is_a_json_schema(mission: Mission):
    document = mission.anonymous().get(f"{API}/openapi.json").json
    assert document["openapi"].startswith("3.1")
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere(mission: Mission):
    document = mission.anonymous().get(f"{API}/openapi.json").get_data(as_text=True)
    wanted = set(re.findall(r'"#/components/schemas/([^"]+)"', document))
    assert wanted <= set(mission.anonymous().get(f"{API}/openapi.json").json["components"]["schemas"])


def test_every_operation_says_who_may_and_how_it_refuses(mission: Mission):
    paths = mission.anonymous().get(f"{API}/openapi.json").json["paths"]
    for item in paths.values():
        for operation in item.values():
            assert {"401", "403", "422", "503"} <= set(operation["responses"])
            assert {"token": []} in operation["security"]
            assert operation["summary"].endswith(".") or ":" in operation["summary"]


def attack(mission: Mission, role: str, examples: int, seed: int) -> list[str]:
    """Send generated requests, good and bad, to every operation; return what was answered against the description.

    Valid form may still be refused (422): what a record may say is the domain's to judge, not the schema's.
    """
    token = mission.token(role)
    schema = schemathesis.openapi.from_wsgi(f"{API}/openapi.json", mission.app)
    failures = []
    for result in schema.exclude(path=f"{API}/stream").get_all_operations():
        operation = result.ok()

        @fixed_seed(seed)
        @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def send(case: schemathesis.Case) -> None:
            headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}  # it does not unpack
            case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

        try:
            send()
        except (Exception, BaseExceptionGroup) as failed:
            failures.append(f"{operation.label}: {failed}")
    return failures


@pytest.mark.parametrize("role", ["administrator"])
def test_generated_requests_find_no_crash_and_no_undescribed_answer(mission: Mission, role: str):
    failures = attack(mission, role, examples=3, seed=1)
    assert not failures, "\n\n".join(failures)


@pytest.mark.deep
@pytest.mark.parametrize("role", ["chief_joc", "eod", "reporter", "partner", "administrator"])
def test_many_generated_requests_find_no_crash_and_no_undescribed_answer(mission: Mission, role: str):
    failures = attack(mission, role, examples=share_of(15), seed=2)
    assert not failures, "\n\n".join(failures)
