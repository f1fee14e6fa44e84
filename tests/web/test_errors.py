"""What a refused request looks like, for programs and for people; and that the server outlives everything."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from sqlalchemy.exc import OperationalError

import fom
from fom.errors import BadReferenceData, Conflict, FomError, InvalidInput, NotFound, NotPermitted
from fom.web.access import public
from fom.web.errors import STATUS, status_of
from tests.web.conftest import Mission

MEMBERS = {"type", "title", "status", "code", "detail", "errors"}


def raise_at(mission: Mission, error: Exception) -> str:
    """Add an address that raises, and return it."""

    @public
    def fail() -> str:
        raise error

    mission.app._got_first_request = False
    mission.app.add_url_rule("/api/v1/fail", "fail", fail, methods=["GET"])
    mission.app.testing = False
    return "/api/v1/fail"


def subclasses(base: type[FomError]) -> set[type[FomError]]:
    return {base}.union(*(subclasses(c) for c in base.__subclasses__())) if base.__subclasses__() else {base}


def test_every_error_of_ours_has_a_status_and_a_code_of_its_own():
    for module in pkgutil.walk_packages(fom.__path__, "fom."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for kind in subclasses(FomError) - {FomError}:
        assert any(c in STATUS for c in kind.__mro__), kind
    codes = [kind.code for kind in STATUS]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("segment", "x"), 404),
        (InvalidInput.single("from", "x", "lon,lat"), 422),
        (Conflict("stale", current=3), 409),
        (NotPermitted("no"), 403),
        (BadReferenceData("no network"), 503),
    ],
)
def test_an_error_of_ours_keeps_its_code_on_the_wire(mission: Mission, error: FomError, status: int):
    answer = mission.anonymous().get(raise_at(mission, error))
    assert (answer.status_code, status_of(error)) == (status, status)
    assert answer.mimetype == "application/problem+json"
    assert set(answer.json) >= MEMBERS
    assert answer.json["code"] == error.code


def test_a_conflict_carries_what_is_stored(mission: Mission):
    answer = mission.anonymous().get(raise_at(mission, Conflict("stale", current=3)))
    assert answer.json["details"] == {"current": 3}


def test_what_nobody_expected_is_a_500_that_tells_nothing(mission: Mission, caplog: pytest.LogCaptureFixture):
    answer = mission.anonymous().get(raise_at(mission, RuntimeError("patrol route is via D")))
    assert "RuntimeError" in caplog.text
    assert answer.headers["X-Request-Id"] in caplog.text
    assert "via D" not in caplog.text
    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert "via D" not in answer.get_data(as_text=True)
    assert mission.anonymous().get("/healthz").status_code == 200


def test_a_database_that_cannot_answer_is_a_503_to_try_again(mission: Mission):
    answer = mission.anonymous().get(raise_at(mission, OperationalError("SELECT 1", {}, OSError("disk full"))))
    assert (answer.status_code, answer.json["code"]) == (503, "database_unavailable")
    assert answer.headers["Retry-After"]
    assert "SELECT" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("DELETE", "/api/v1/states", 405, "method_not_allowed"),
        ("GET", "/api/v1/segments/a%00b", 400, "bad_request"),
        ("GET", "/api/v1/states?profile=%00", 400, "bad_request"),
        ("TRACE", "/api/v1/states", 405, "method_not_allowed"),
    ],
)
def test_what_the_framework_refuses_has_the_same_shape(
    mission: Mission, method: str, path: str, status: int, code: str
):
    answer = mission.program("duty_officer").open(path, method=method)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert set(answer.json) >= MEMBERS
    assert status != 405 or "GET" in answer.headers["Allow"]


def test_a_browser_gets_a_page_that_says_the_same(mission: Mission):
    answer = mission.browser("duty_officer").get("/no/such/page", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "Not found" in answer.get_data(as_text=True)


def test_what_was_typed_is_shown_as_text_never_as_markup(mission: Mission):
    answer = mission.browser("duty_officer").get("/<script>alert(1)</script>", headers={"Accept": "text/html"})
    assert "<script>alert" not in answer.get_data(as_text=True)


def test_without_a_network_the_api_is_not_ready_but_the_process_lives(mission: Mission):
    def no_network() -> None:
        raise BadReferenceData("no network is active")

    mission.app.extensions["fom"].open_hosts = no_network
    client = mission.program("duty_officer")
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json == {"status": "not_ready", "reasons": ["no picture yet"]}
    answer = client.get("/api/v1/states")
    assert (answer.status_code, answer.json["code"]) == (503, "bad_reference_data")
