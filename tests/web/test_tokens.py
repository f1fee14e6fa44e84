"""Personal tokens: the rights of their owner, shown once, revocable."""

from __future__ import annotations

import pytest

from fom.domain.access import OPERATOR
from fom.services.accounts import change_user
from tests.web.conftest import Mission


def test_a_token_has_the_rights_of_its_owner_and_no_others(mission: Mission):
    patrol, duty = mission.program("reporter"), mission.program("duty_officer")
    assert patrol.get("/api/v1/me").json["roles"] == ["reporter"]
    assert patrol.get("/api/v1/facts").status_code == 403
    assert duty.get("/api/v1/pending").status_code == 200


def test_a_token_is_shown_once_listed_without_its_text_and_can_be_revoked(mission: Mission):
    browser = mission.browser("duty_officer")
    issued = browser.post("/api/v1/tokens", json={"label": "situation room script"})
    assert issued.status_code == 201
    text = issued.json["text"]
    listed = browser.get("/api/v1/tokens")
    assert text not in listed.get_data(as_text=True)
    program = mission.anonymous()
    program.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    assert program.get("/api/v1/me").status_code == 200
    assert browser.delete(f"/api/v1/tokens/{issued.json['id']}").status_code == 204
    assert program.get("/api/v1/me").status_code == 401


def test_a_token_ends_at_its_expiry(mission: Mission):
    browser = mission.browser("duty_officer")
    issued = browser.post("/api/v1/tokens", json={"label": "for a day", "expires": "2026-03-11T12:00:00Z"})
    program = mission.anonymous()
    program.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {issued.json['text']}"
    mission.clock.advance(23.9)
    assert program.get("/api/v1/me").status_code == 200
    mission.clock.advance(0.2)
    assert program.get("/api/v1/me").status_code == 401


def test_a_token_does_not_issue_tokens(mission: Mission):
    answer = mission.program("duty_officer").post("/api/v1/tokens", json={"label": "more"})
    assert (answer.status_code, answer.json["code"]) == (403, "not_permitted")


def test_one_cannot_revoke_or_even_see_the_token_of_another(mission: Mission):
    issued = mission.browser("duty_officer").post("/api/v1/tokens", json={"label": "mine"}).json
    other = mission.browser("chief_joc")
    assert other.get("/api/v1/tokens").json == {"tokens": []}
    assert other.delete(f"/api/v1/tokens/{issued['id']}").status_code == 404


def test_the_tokens_of_a_closed_account_open_nothing(mission: Mission):
    program = mission.program("duty_officer")
    with mission.database.writing() as session:
        user_id = mission.actors["duty_officer"].user_id
        change_user(session, user_id, version=1, changes={"active": False}, actor=OPERATOR, now=mission.clock())
    assert program.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer x y", "Bearer é", "Basic abc", "bearer fom_0"])
def test_a_header_that_is_no_token_is_nobody(mission: Mission, header: str):
    client = mission.anonymous()
    client.environ_base["HTTP_AUTHORIZATION"] = header
    answer = client.get("/api/v1/me")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_wrong_token_is_not_helped_by_a_good_cookie(mission: Mission):
    client = mission.browser("duty_officer")
    assert client.get("/api/v1/me", headers={"Authorization": "Bearer fom_wrong"}).status_code == 401
