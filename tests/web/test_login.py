"""Signing in and out, and everything that ends a login."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from fom.domain.access import OPERATOR
from fom.services.accounts import change_user
from fom.web.account import FAILURES_PER_ACCOUNT_AND_ADDRESS
from tests.web.conftest import Mission
from tests.web.mission import PASSWORD, email_of

ME = "/api/v1/me"


def form_token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").get_data(as_text=True))
    assert found
    return found[1]


def sign_in(client: FlaskClient, email: str, password: str, target: str = "") -> int:
    form = {"csrf_token": form_token(client), "email": email, "password": password, "next": target}
    answer = client.post("/login", data=form)
    client.last_target = answer.headers.get("Location")  # type: ignore[attr-defined]
    return answer.status_code


def test_email_and_password_open_a_login_and_signing_out_ends_it_on_the_server(mission: Mission):
    client = mission.anonymous()
    assert sign_in(client, email_of("duty_officer").upper(), PASSWORD) == 302
    assert client.get(ME).json["roles"] == ["duty_officer"]
    stolen = client.get_cookie("fom")
    assert stolen
    assert client.post("/logout", data={"csrf_token": form_token(client)}).status_code == 302
    assert client.get(ME).status_code == 401
    thief = mission.anonymous()
    thief.set_cookie("fom", stolen.value)
    assert thief.get(ME).status_code == 401


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (email_of("duty_officer"), "a wrong password for it"),
        ("nobody@demo.example", PASSWORD),
        ("", ""),
        ("x" * 300, "y" * 3000),
    ],
)
def test_everything_else_gets_the_form_again_with_one_text(mission: Mission, email: str, password: str):
    client = mission.anonymous()
    assert sign_in(client, email, password) == 401
    assert client.get(ME).status_code == 401


def test_the_cookie_is_for_http_and_this_site_only(mission: Mission):
    client = mission.anonymous()
    sign_in(client, email_of("partner"), PASSWORD)
    cookie = client.get_cookie("fom")
    assert cookie
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    over_tls = mission.app.test_client().get("/login", base_url="https://localhost/")
    assert "Secure" in over_tls.headers["Set-Cookie"]


def test_signing_in_starts_a_cookie_of_its_own(mission: Mission):
    client = mission.anonymous()
    with client.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
    sign_in(client, email_of("partner"), PASSWORD)
    with client.session_transaction() as cookie:
        assert "planted" not in cookie


def test_a_login_in_use_lasts(mission: Mission):
    client = mission.browser("duty_officer")
    for _ in range(3):
        mission.clock.advance(0.49)
        assert client.get(ME).status_code == 200


def test_a_login_that_is_not_used_for_half_an_hour_ends(mission: Mission):
    client = mission.browser("duty_officer")
    mission.clock.advance(0.51)
    assert client.get(ME).status_code == 401


def test_a_login_ends_after_twelve_hours_whatever_its_use(mission: Mission):
    client = mission.browser("duty_officer")
    for _ in range(30):
        mission.clock.advance(0.4)
        client.get(ME)
    assert client.get(ME).status_code == 200
    mission.clock.advance(0.4)
    assert client.get(ME).status_code == 401


def test_a_changed_password_ends_every_login_of_the_account(mission: Mission):
    first, second = mission.browser("duty_officer"), mission.browser("duty_officer")
    with mission.database.writing() as session:
        user_id = mission.actors["duty_officer"].user_id
        changes = {"password": "another long enough passphrase"}
        change_user(session, user_id, version=1, changes=changes, actor=OPERATOR, now=mission.clock())
    assert [first.get(ME).status_code, second.get(ME).status_code] == [401, 401]


def test_guesses_at_one_account_stop_being_looked_at_but_other_addresses_still_get_in(mission: Mission):
    allowed = int(FAILURES_PER_ACCOUNT_AND_ADDRESS.split()[0])
    client = mission.anonymous()
    tries = [sign_in(client, email_of("duty_officer"), f"wrong passphrase no {i}") for i in range(allowed + 2)]
    assert tries == [401] * allowed + [429] * 2
    assert sign_in(client, email_of("duty_officer"), PASSWORD) == 429
    elsewhere = mission.anonymous()
    elsewhere.environ_base["REMOTE_ADDR"] = "127.0.0.9"
    assert sign_in(elsewhere, email_of("duty_officer"), PASSWORD) == 302


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/routes?at=now", "/routes?at=now"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_to_pages_of_ours_only(mission: Mission, target: str, leads_to: str):
    client = mission.anonymous()
    sign_in(client, email_of("duty_officer"), PASSWORD, target)
    assert client.last_target == leads_to  # type: ignore[attr-defined]


def test_a_page_asked_for_by_nobody_leads_to_the_form_and_back(mission: Mission):
    answer = mission.anonymous().get("/?profile=P5", headers={"Accept": "text/html"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/login?next=/?profile%3DP5"
