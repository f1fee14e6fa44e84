"""Signing in and out. Passwords and logins are the services' (`accounts`); here are the cookie and the limits."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, redirect, render_template, request, session, url_for

from fom.services import accounts
from fom.web.access import public, signed_in
from fom.web.edge import edge, reading, writing
from fom.web.limits import (
    EMAIL_MAX,
    FAILURES_PER_ACCOUNT_AND_ADDRESS,
    FAILURES_PER_ADDRESS,
    PASSWORD_MAX,
    account_and_address,
    limiter,
)

blueprint = Blueprint("account", __name__)


def _account_and_address() -> str:
    return account_and_address(request.form.get("email", ""))


def _has_failed(response: Any) -> bool:
    return bool(response.status_code == 401)


@blueprint.get("/login")
@public
def login() -> str:
    """Show the form."""
    return render_template("account/login.html", next=_local(request.args.get("next")), email="", has_failed=False)


@blueprint.post("/login")
@limiter.limit(FAILURES_PER_ADDRESS, deduct_when=_has_failed)
@limiter.limit(FAILURES_PER_ACCOUNT_AND_ADDRESS, key_func=_account_and_address, deduct_when=_has_failed)
@public
def sign_in() -> Any:
    """Open a login and start a fresh cookie, or show the form again with one text for every reason."""
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    target = _local(request.form.get("next"))
    actor = None
    if len(email) <= EMAIL_MAX and len(password) <= PASSWORD_MAX:
        with reading() as db_session:  # hashing is slow on purpose: not inside a writing transaction
            actor = accounts.verify_login(db_session, email, password, now=edge().clock())
    if actor is None:
        form = render_template("account/login.html", next=target, email=email[:EMAIL_MAX], has_failed=True)
        return form, 401
    with writing() as (db_session, now):
        key = accounts.open_login(db_session, actor.user_id, now=now)
    session.clear()  # nothing of the anonymous session survives signing in
    session.permanent = True
    session.update(login=key, seen=edge().clock())
    return redirect(target or "/")


@blueprint.post("/logout")
@signed_in
def logout() -> Any:
    """End the login on the server and forget the cookie."""
    if key := session.get("login"):
        with writing() as (db_session, now):
            accounts.close_login(db_session, key, now=now)
    session.clear()
    return redirect(url_for("account.login"))


def _local(target: str | None) -> str:
    """Return the target if it is a path of ours, else nothing: a login must not forward to a foreign site."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return ""
    parts = urlsplit(target)
    return "" if parts.scheme or parts.netloc or any(ord(c) < 32 for c in target) else target


def register(app: Flask) -> None:
    """Attach the pages and the limits."""
    limiter.init_app(app)
    app.register_blueprint(blueprint)
