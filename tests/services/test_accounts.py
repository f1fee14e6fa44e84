"""Accounts, logins and tokens: rights follow the person, keys are worth nothing to who reads the database."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, select

from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.services.accounts import (
    LOGIN_LIFE_US,
    change_user,
    close_login,
    create_user,
    find_actor_by_email,
    find_actor_by_login,
    find_actor_by_token,
    get_user,
    issue_token,
    list_tokens,
    list_users,
    open_login,
    revoke_token,
    verify_login,
)
from fom.store.tables import Login, PersonalToken, User
from tests.services.people import ADMIN, AMINA, HOUR, T0

PASSWORD = "green-heron-over-water"


def created(database, email="amina@mission.example", **rest):
    values = {"password": PASSWORD, "roles": ["duty_officer"], "unit": "JOC", "areas": ["north"], **rest}
    with database.writing() as session:
        return create_user(session, email=email, actor=ADMIN, now=T0, **values)


def test_a_person_signs_in_with_email_and_password(database):
    created(database, email="Amina@Mission.example ")
    with database.reading() as session:
        actor = verify_login(session, "amina@mission.EXAMPLE", PASSWORD, now=T0)
        assert (actor.roles, actor.unit, actor.areas) == (frozenset({"duty_officer"}), "JOC", ("north",))
        assert verify_login(session, "amina@mission.example", PASSWORD + "x", now=T0) is None
        assert verify_login(session, "nobody@mission.example", PASSWORD, now=T0) is None


def test_the_password_and_keys_are_nowhere_in_the_database(database):
    user = created(database)
    with database.writing() as session:
        key = open_login(session, user.id, now=T0)
        token, _ = issue_token(session, email=user.email, label="script", actor=ADMIN, now=T0)
    with database.reading() as session:
        for table in (User, Login, PersonalToken):
            for row in session.scalars(select(table)):
                stored = " ".join(str(getattr(row, column.key)) for column in inspect(table).columns)
                assert not any(secret in stored for secret in (PASSWORD, key, token))
        assert session.scalars(select(User)).one().password_hash.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "a" * 40}, "password"),
        ({"roles": ["king"]}, "roles"),
        ({"roles": []}, "roles"),
        ({"clearance": "cosmic"}, "clearance"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_a_bad_account_is_refused(database, values, field):
    with pytest.raises(InvalidInput) as refused:
        created(database, **values)
    assert {e.field for e in refused.value.errors} == {field}


def test_an_email_is_one_person_for_ever(database):
    user = created(database)
    with database.writing() as session:
        change_user(session, user.id, version=1, changes={"active": False}, actor=ADMIN, now=T0)
    with pytest.raises(Conflict):
        created(database)


def test_only_an_administrator_keeps_accounts(database):
    with pytest.raises(NotPermitted), database.writing() as session:
        create_user(session, email="x@y.example", password=PASSWORD, roles=["reporter"], actor=AMINA, now=T0)
    with pytest.raises(NotPermitted), database.reading() as session:
        list_users(session, actor=AMINA)


def test_a_login_ends_by_signing_out_by_age_by_a_new_password_and_with_the_account(database):
    user = created(database)

    def opened() -> str:
        with database.writing() as session:
            return open_login(session, user.id, now=T0)

    def holds(key: str, now: int = T0 + HOUR) -> bool:
        with database.reading() as session:
            return find_actor_by_login(session, key, now=now) is not None

    one, two = opened(), opened()
    assert holds(one)
    assert not holds("something else")
    assert not holds(one, T0 + LOGIN_LIFE_US + 1)
    with database.writing() as session:
        close_login(session, one, now=T0)
    assert (holds(one), holds(two)) == (False, True)
    with database.writing() as session:
        change_user(session, user.id, version=1, changes={"password": PASSWORD * 2}, actor=ADMIN, now=T0)
    assert not holds(two)
    three = opened()
    with database.writing() as session:
        change_user(session, user.id, version=2, changes={"active": False}, actor=ADMIN, now=T0)
    assert not holds(three)


def test_a_stale_change_of_an_account_is_refused(database):
    user = created(database)
    with database.writing() as session:
        change_user(session, user.id, version=1, changes={"roles": ["chief_joc", "eod"]}, actor=ADMIN, now=T0)
    with pytest.raises(Conflict), database.writing() as session:
        change_user(session, user.id, version=1, changes={"name": "x"}, actor=ADMIN, now=T0)
    with database.reading() as session:
        assert find_actor_by_email(session, user.email).roles == {"chief_joc", "eod"}
        assert get_user(session, user.id).version == 2


def test_a_token_has_its_owners_rights_until_revoked_or_expired(database):
    user = created(database)
    with database.writing() as session:
        text, token = issue_token(session, email=user.email, label="script", actor=ADMIN, now=T0, expires=T0 + HOUR)
    with database.reading() as session:
        actor = find_actor_by_token(session, text, now=T0)
        assert actor.user_id == user.id
        assert find_actor_by_token(session, text, now=T0 + HOUR) is None
        assert find_actor_by_token(session, text[:-1], now=T0) is None
        assert [t.id for t in list_tokens(session, actor=actor)] == [token.id]
    with database.writing() as session:
        revoke_token(session, token.id, actor=actor, now=T0)
    with database.reading() as session:
        assert find_actor_by_token(session, text, now=T0) is None


def test_nobody_makes_or_ends_tokens_of_others(database):
    user = created(database)
    with database.writing() as session:
        with pytest.raises(NotPermitted):
            issue_token(
                session, email=user.email, label="mine", actor=AMINA.__class__(user_id="b", email="b@x.example"), now=T0
            )
        _, token = issue_token(session, email=user.email, label="own", actor=ADMIN, now=T0)
        with pytest.raises(NotFound):
            revoke_token(session, token.id, actor=AMINA, now=T0)
