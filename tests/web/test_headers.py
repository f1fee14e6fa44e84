"""Headers of every kind of answer."""

from __future__ import annotations

import pytest

from tests.web.conftest import Mission


@pytest.mark.parametrize("path", ["/login", "/healthz", "/api/v1/states", "/api/v1/openapi.json", "/no/such/page"])
def test_every_answer_limits_what_a_browser_may_do_with_it(mission: Mission, path: str):
    headers = mission.browser("duty_officer").get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/login", "/api/v1/me", "/api/v1/reports", "/api/v1/tokens", "/healthz"])
def test_what_is_not_public_is_not_kept_by_anybody(mission: Mission, path: str):
    assert mission.browser("duty_officer").get(path).headers["Cache-Control"] == "no-store"


def test_states_are_kept_by_one_browser_and_asked_for_again_before_every_use(mission: Mission):
    headers = mission.browser("duty_officer").get("/api/v1/states").headers
    assert headers["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Authorization"} <= {part.strip() for part in headers["Vary"].split(",")}


def test_transport_security_is_asked_for_over_tls_only(mission: Mission):
    client = mission.anonymous()
    assert "Strict-Transport-Security" not in client.get("/healthz").headers
    assert "Strict-Transport-Security" in client.get("/healthz", base_url="https://localhost/").headers
