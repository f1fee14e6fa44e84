"""Accounts: who a person is, how he proves it, and the keys his browser and his programs hold.

Passwords are kept as argon2id hashes; login keys and personal tokens as SHA-256 of 256 random bits, so that a copy of
the database opens no door.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fom.domain.access import CLASSIFICATIONS, ROLES, Actor, require
from fom.domain.instants import HOUR_US
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.services.writing import note, step
from fom.store.tables import Login, PersonalToken, Role, Unit, User

PASSWORD_MIN, PASSWORD_MAX = 15, 1024
"""Characters. Source: NIST SP 800-63B rev 4: at least 15 where the password is the only factor."""
LOGIN_LIFE_US = 12 * HOUR_US
"""A login ends after so long, used or not. Source: reliability goal S11 (project decision)."""
TOKEN_PREFIX = "fom_"  # noqa: S105 - so that a token is recognised where it should not be, not a secret
_CHANGEABLE = ("name", "roles", "unit", "areas", "clearance", "active", "password")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_HASHER = PasswordHasher()


def create_user(
    session: Session,
    *,
    email: str,
    password: str,
    name: str = "",
    roles: Sequence[str],
    unit: str | None = None,
    areas: Sequence[str] = (),
    clearance: str = "confidential",
    actor: Actor,
    now: int,
) -> User:
    """Create an account and return it.

    Raises
    ------
    InvalidInput
        No email address, a short password, an unknown role or clearance: all at once.
    Conflict
        The email has an account already, active or not.
    """
    require(actor, "manage_accounts")
    email = email.strip().lower()
    errors = _email_errors(email) + _password_errors(password) + _rights_errors(roles, clearance)
    if errors:
        raise InvalidInput(errors)
    at = step(session, now)
    if session.scalar(select(User.id).where(User.email == email)):
        raise Conflict(f"there is an account for {email} already")
    user = User(
        id=str(uuid.uuid4()),
        email=email,
        name=name,
        password_hash=_HASHER.hash(password),
        active=True,
        unit_id=ensure_unit(session, unit),
        areas=list(areas),
        clearance=clearance,
        version=1,
        created_at=at,
        roles=_roles(session, roles),
    )
    session.add(user)
    details = {"roles": sorted(set(roles)), "unit": unit, "areas": list(areas), "clearance": clearance}
    note(session, "create_user", ("user", user.id), kind="account", actor=actor, at=at, details=details)
    return user


def change_user(
    session: Session, user_id: str, *, version: int, changes: Mapping[str, Any], actor: Actor, now: int
) -> User:
    """Change members of an account; a new password or inactivity ends its logins.

    Raises
    ------
    Conflict
        The account has moved on from `version`; `details["current"]` is the version now.
    """
    require(actor, "manage_accounts")
    user = get_user(session, user_id)
    errors = [
        FieldError(name, "given", f"one of {', '.join(_CHANGEABLE)}") for name in changes if name not in _CHANGEABLE
    ]
    errors += _password_errors(changes["password"]) if "password" in changes else []
    errors += _rights_errors(changes.get("roles", ("reporter",)), changes.get("clearance", "unclassified"))
    if errors:
        raise InvalidInput(errors)
    at = step(session, now)
    session.refresh(user)
    if user.version != version:
        raise Conflict("the account was changed meanwhile", current=user.version)
    _apply(session, user, changes)
    user.version += 1
    if "password" in changes or not user.active:
        close_logins(session, user.id, now=at)
    details = {name: value for name, value in changes.items() if name != "password"}
    details |= {"password": "changed"} if "password" in changes else {}
    note(session, "change_user", ("user", user.id), kind="account", actor=actor, at=at, details=details)
    return user


def _apply(session: Session, user: User, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if name == "password":
            user.password_hash = _HASHER.hash(value)
        elif name == "roles":
            user.roles = _roles(session, value)
        elif name == "unit":
            user.unit_id = ensure_unit(session, value)
        elif name == "areas":
            user.areas = list(value)
        else:
            setattr(user, name, value)


def verify_login(session: Session, email: str, password: str, *, now: int) -> Actor | None:  # noqa: ARG001
    """Return whose email and password these are, or None; an unknown email takes as long as a wrong password."""
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    kept = _nobodys_hash() if user is None else user.password_hash
    try:
        _HASHER.verify(kept, password[:PASSWORD_MAX])
    except (VerificationError, InvalidHashError):
        return None
    return actor_of(user) if user is not None and user.active else None


def find_password_mark(session: Session, email: str) -> str | None:
    """Return what changes with every new password of an active account, None for another; it opens nothing.

    Lets an edge that saw a password proven a moment ago trust it again without hashing, as long as this is the same.
    """
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    return _digest(user.password_hash) if user is not None and user.active else None


def actor_of(user: User) -> Actor:
    """Return the actor that an account stands for."""
    return Actor(
        user_id=user.id,
        email=user.email,
        name=user.name,
        roles=frozenset(role.name for role in user.roles),
        unit=user.unit_id,
        areas=tuple(user.areas),
        clearance=user.clearance,
    )


def get_user(session: Session, user_id: str) -> User:
    """Return an account; NotFound for an unknown id."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("user", user_id)
    return user


def find_actor_by_email(session: Session, email: str) -> Actor | None:
    """Return the actor of an email address, active or not."""
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    return None if user is None else actor_of(user)


def list_users(session: Session, *, actor: Actor) -> list[User]:
    """Return all accounts by email."""
    require(actor, "manage_accounts")
    return list(session.scalars(select(User).order_by(User.email)))


def open_login(session: Session, user_id: str, *, now: int) -> str:
    """Return the key of a new login, for the cookie; only its hash is kept."""
    key = secrets.token_urlsafe(32)
    session.add(Login(key_hash=_digest(key), user_id=user_id, opened_at=now))
    session.flush()
    return key


def find_actor_by_login(session: Session, key: str, *, now: int) -> Actor | None:
    """Return whose login this is; None when closed, older than its life, or the account inactive."""
    login = session.get(Login, _digest(key))
    if login is None or login.closed_at is not None or not 0 <= now - login.opened_at <= LOGIN_LIFE_US:
        return None
    return actor_of(login.user) if login.user.active else None


def close_login(session: Session, key: str, *, now: int) -> None:
    """End one login; an unknown or closed key changes nothing."""
    login = session.get(Login, _digest(key))
    if login is not None and login.closed_at is None:
        login.closed_at = now


def close_logins(session: Session, user_id: str, *, now: int) -> None:
    """End every open login of an account."""
    session.execute(update(Login).where(Login.user_id == user_id, Login.closed_at.is_(None)).values(closed_at=now))


def issue_token(
    session: Session, *, email: str, label: str, actor: Actor, now: int, expires: int | None = None
) -> tuple[str, PersonalToken]:
    """Return (text, row) of a new personal token: the text is shown once, its hash is kept.

    A person may issue tokens to himself; for others it takes the right to manage accounts.
    """
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    if actor.email != email.strip().lower():
        require(actor, "manage_accounts")
    if user is None:
        raise NotFound("user", email)
    at = step(session, now)
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = PersonalToken(
        id=str(uuid.uuid4()), user_id=user.id, token_hash=_digest(text), label=label, created_at=at, expires_at=expires
    )
    session.add(token)
    details = {"user": user.id, "label": label}
    note(session, "issue_token", ("token", token.id), kind="account", actor=actor, at=at, details=details)
    return text, token


def find_actor_by_token(session: Session, text: str, *, now: int) -> Actor | None:
    """Return whose token this is; None when unknown, revoked, expired, or the owner inactive."""
    token = session.scalar(select(PersonalToken).where(PersonalToken.token_hash == _digest(text)))
    if token is None or token.revoked_at is not None or not token.user.active:
        return None
    if token.expires_at is not None and token.expires_at <= now:
        return None
    return actor_of(token.user)


def list_tokens(session: Session, *, actor: Actor) -> list[PersonalToken]:
    """Return the actor's own tokens, newest first."""
    query = select(PersonalToken).where(PersonalToken.user_id == actor.user_id)
    return list(session.scalars(query.order_by(PersonalToken.created_at.desc())))


def revoke_token(session: Session, token_id: str, *, actor: Actor, now: int) -> None:
    """End a token; one's own, or any with the right to manage accounts. NotFound for somebody else's."""
    token = session.get(PersonalToken, token_id)
    if token is None or (token.user_id != actor.user_id and "administrator" not in actor.roles):
        raise NotFound("token", token_id)
    at = step(session, now)
    token.revoked_at = token.revoked_at or at
    note(session, "revoke_token", ("token", token.id), kind="account", actor=actor, at=at)


def name_units(session: Session, names: Mapping[str, str], *, actor: Actor, now: int) -> None:
    """Name units by their ids, adding those that are new."""
    require(actor, "manage_accounts")
    at = step(session, now)
    for unit_id, name in names.items():
        ensure_unit(session, unit_id)
        session.get_one(Unit, unit_id).name = name
    details = {"units": sorted(names)}
    note(session, "name_units", ("unit", "all"), kind="account", actor=actor, at=at, details=details)


def ensure_unit(session: Session, unit: str | None) -> str | None:
    """Return the id of a unit, adding its row when it is new."""
    if unit is not None and session.get(Unit, unit) is None:
        session.add(Unit(id=unit, name=unit))
        session.flush()
    return unit


def _roles(session: Session, names: Sequence[str]) -> list[Role]:
    return [session.get(Role, name) or Role(name=name, description="") for name in sorted(set(names))]


def _email_errors(email: str) -> list[FieldError]:
    if len(email) <= 254 and _EMAIL.fullmatch(email):
        return []
    return [FieldError("email", email[:80] or "nothing", "an email address")]


def _password_errors(password: str) -> list[FieldError]:
    if PASSWORD_MIN <= len(password) <= PASSWORD_MAX and len(set(password)) >= PASSWORD_MIN // 3:
        return []
    expected = f"{PASSWORD_MIN} to {PASSWORD_MAX} characters, not the same few over and over"
    return [FieldError("password", f"{len(password)} characters", expected)]


def _rights_errors(roles: Sequence[str], clearance: str) -> list[FieldError]:
    errors = [FieldError("roles", role, f"among {', '.join(ROLES)}") for role in roles if role not in ROLES]
    if not roles:
        errors.append(FieldError("roles", "none", "at least one role"))
    if clearance not in CLASSIFICATIONS:
        errors.append(FieldError("clearance", clearance, f"one of {', '.join(CLASSIFICATIONS)}"))
    return errors


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(secrets.token_urlsafe(32))
