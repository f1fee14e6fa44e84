"""What a cookie authorises, another site must not be able to ask for; tokens need no such guard."""

from __future__ import annotations

import uuid

import pytest

from tests.web.conftest import Mission
from tests.web.mission import hazard


@pytest.mark.parametrize("headers", [{"X-CSRFToken": ""}, {"X-CSRFToken": "forged"}])
def test_a_browser_without_the_token_of_its_session_is_refused(mission: Mission, headers: dict[str, str]):
    client = mission.browser("duty_officer")
    answer = client.post("/api/v1/reports", json=hazard(str(uuid.uuid4())), headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_request")
    assert client.get("/api/v1/reports").json["reports"] == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:81"])
def test_a_foreign_origin_is_refused_even_with_the_token(mission: Mission, origin: str):
    client = mission.browser("duty_officer")
    answer = client.post("/api/v1/reports", json=hazard(str(uuid.uuid4())), headers={"Origin": origin})
    assert answer.status_code == 403


def test_the_token_of_another_session_is_no_use(mission: Mission):
    client = mission.browser("duty_officer")
    with client.session_transaction() as cookie:
        cookie["csrf_token"] = "of another session"
    assert client.post("/api/v1/reports", json=hazard(str(uuid.uuid4()))).status_code == 400


def test_the_form_of_the_login_is_guarded_too(mission: Mission):
    answer = mission.anonymous().post("/login", data={"email": "a@b.example", "password": "x"})
    assert answer.status_code == 400


def test_our_own_origin_with_the_token_passes(mission: Mission):
    client = mission.browser("duty_officer")
    answer = client.post("/api/v1/reports", json=hazard(str(uuid.uuid4())), headers={"Origin": "http://localhost"})
    assert answer.status_code == 201


def test_a_program_with_a_token_needs_none(mission: Mission):
    answer = mission.program("duty_officer").post("/api/v1/reports", json=hazard(str(uuid.uuid4())))
    assert answer.status_code == 201


def test_a_form_post_cannot_reach_the_api_at_all(mission: Mission):
    client = mission.browser("duty_officer")
    answer = client.post("/api/v1/reports", data="id=1", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 415
