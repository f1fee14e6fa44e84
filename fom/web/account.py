"""Signing in and out. Passwords and logins are the services' (`accounts`); here are the cookie and the limits."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, redirect, render_template, request, session, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from fom.services import accounts
from fom.web.access import public, signed_in
from fom.web.edge import edge, reading, writing

FAILURES_PER_ADDRESS = "20 per 5 minutes"
FAILURES_PER_ACCOUNT_AND_ADDRESS = "6 per 5 minutes"
"""Counted for failures only, and per address, so that a stranger cannot lock an officer out of his own machine."""
EMAIL_MAX, PASSWORD_MAX = 254, 1024
"""Characters; a longer password only serves to keep the hash busy."""

blueprint = Blueprint("account", __name__)
limiter = Limiter(get_remote_address, storage_uri="memory://", strategy="moving-window")


def _account_and_address() -> str:
    return f"{request.form.get('email', '').strip().lower()[:EMAIL_MAX]}|{get_remote_address()}"


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
