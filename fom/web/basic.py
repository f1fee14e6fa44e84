"""HTTP Basic for programs that know nothing else, such as ODK Collect: e-mail with password or personal token.

Only for the addresses of `fom.web.openrosa`, which in turn accept nothing else: no cookie, so no CSRF token. Failures
are limited as those of the login form are.
"""

from __future__ import annotations

from typing import Any

from flask import abort, request
from flask_limiter.util import get_remote_address
from limits import RateLimitItem, parse

from fom.domain.access import Actor
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


def _counters(email: str) -> list[tuple[RateLimitItem, str]]:
    return [(_PER_ADDRESS, get_remote_address()), (_PER_ACCOUNT, account_and_address(email))]


def _check(db_session: Any, email: str, secret: str, now: int) -> Actor | None:
    if len(email) > EMAIL_MAX or len(secret) > PASSWORD_MAX or "\x00" in email:
        return None
    if not secret.startswith(accounts.TOKEN_PREFIX):
        return accounts.verify_login(db_session, email, secret, now=now)
    actor = accounts.find_actor_by_token(db_session, secret, now=now)
    is_own = actor is not None and actor.email == email.strip().lower()
    return actor if is_own else None
