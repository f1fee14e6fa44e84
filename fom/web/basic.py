"""HTTP Basic for programs that know nothing else, such as ODK Collect: e-mail with password or personal token.

Only for the addresses of `fom.web.openrosa`, which in turn accept nothing else: no cookie, so no CSRF token. Failures
are limited as those of the login form are.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from flask import abort, request
from flask_limiter.util import get_remote_address
from limits import RateLimitItem, parse

from fom.domain.access import Actor
from fom.domain.instants import MINUTE_US
from fom.services import accounts
from fom.web.limits import (
    EMAIL_MAX,
    FAILURES_PER_ACCOUNT_AND_ADDRESS,
    FAILURES_PER_ADDRESS,
    PASSWORD_MAX,
    account_and_address,
    limiter,
)

REALM = 'Basic realm="fom", charset="UTF-8"'
PROVEN_FOR_US = 10 * MINUTE_US
"""How long a password that was proven is not hashed again: a phone sends it two dozen times to fetch the forms.

A new password or a closed account ends it at once. Project decision.
"""
PROVEN_MAX = 1_000
_KEY = secrets.token_bytes(32)
_PROVEN: dict[bytes, tuple[str, int]] = {}
"""Keyed digest of e-mail and password -> (mark of the password it proved, until when); of this process only."""
_PER_ADDRESS, _PER_ACCOUNT = parse(FAILURES_PER_ADDRESS), parse(FAILURES_PER_ACCOUNT_AND_ADDRESS)


def find_basic_actor(db_session: Any, *, now: int) -> Actor | None:
    """Return whose e-mail and secret the request carries, None without or with wrong ones.

    Aborts with 429 after too many failures, before anything is hashed.
    """
    sent = request.authorization
    if sent is None or sent.type != "basic":
        return None
    email, secret = sent.username or "", sent.password or ""
    counters = _counters(email)
    if not all(limiter.limiter.test(limit, "basic", who) for limit, who in counters):
        abort(429, "Too many wrong passwords from here. Wait five minutes.")
    actor = _check(db_session, email, secret, now)
    if actor is None:
        for limit, who in counters:
            limiter.limiter.hit(limit, "basic", who)
    return actor


def _check_password(db_session: Any, email: str, secret: str, now: int) -> Actor | None:
    key = hmac.digest(_KEY, f"{email}\x00{secret}".encode(), "sha256")
    mark = accounts.find_password_mark(db_session, email)
    proven, until = _PROVEN.get(key, ("", 0))
    if mark == proven and now < until:
        return accounts.find_actor_by_email(db_session, email)
    actor = accounts.verify_login(db_session, email, secret, now=now)
    if actor is not None and mark is not None:
        if len(_PROVEN) >= PROVEN_MAX:
            _PROVEN.clear()
        _PROVEN[key] = (mark, now + PROVEN_FOR_US)
    return actor


def _counters(email: str) -> list[tuple[RateLimitItem, str]]:
    return [(_PER_ADDRESS, get_remote_address()), (_PER_ACCOUNT, account_and_address(email))]


def _check(db_session: Any, email: str, secret: str, now: int) -> Actor | None:
    if len(email) > EMAIL_MAX or len(secret) > PASSWORD_MAX or "\x00" in email:
        return None
    if not secret.startswith(accounts.TOKEN_PREFIX):
        return _check_password(db_session, email, secret, now)
    actor = accounts.find_actor_by_token(db_session, secret, now=now)
    is_own = actor is not None and actor.email == email.strip().lower()
    return actor if is_own else None
