"""Who asks, and whether he may: a login or a personal token, one declared action per view, deny by default.

A view says `@allows("grade")` or `@public`; an application with a view that says neither does not start.
What a viewer sees of a thing he may ask for is decided by the services (`visible`), not here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask_wtf import CSRFProtect

from fom.domain.access import ACTIONS, Actor, may
from fom.domain.instants import MINUTE_US
from fom.errors import NotPermitted
from fom.services import accounts
from fom.web.basic import REALM, find_basic_actor
from fom.web.edge import edge, reading
from fom.web.errors import problem, wants_page

IDLE_US = 30 * MINUTE_US
"""A login unused for so long ends. Source: reliability goal S11 (project decision)."""
_SEEN_STEP_US = MINUTE_US
"""How often the cookie notes use; finer would write a cookie with every answer."""

BASIC_BLUEPRINTS = ("openrosa",)
"""Whose addresses take HTTP Basic and nothing else: a cookie opens nothing there, so they need no CSRF token."""

PUBLIC = "public"
SIGNED_IN = "signed_in"
"""Any account, whatever its roles: signing out, one's own tokens."""

csrf = CSRFProtect()
View = TypeVar("View", bound=Callable[..., Any])


def allows(*actions: str) -> Callable[[View], View]:
    """Declare the actions of which a role must permit one before the view runs. Unknown ones are refused at import."""
    for action in actions:
        if action not in ACTIONS and action not in (PUBLIC, SIGNED_IN):
            raise ValueError(f"unknown action {action!r}")

    def declare(view: View) -> View:
        view.fom_actions = actions  # type: ignore[attr-defined]
        return view

    return declare


public = allows(PUBLIC)
signed_in = allows(SIGNED_IN)


def declared_actions(app: Flask, endpoint: str) -> tuple[str, ...]:
    """Return the actions of an endpoint, none when its view declares none."""
    if endpoint == "static":
        return (PUBLIC,)
    return getattr(app.view_functions[endpoint], "fom_actions", ())


def current_actor() -> Actor:
    """Return who asks; only in views that are not public."""
    actor = g.get("actor")
    if actor is None:
        raise NotPermitted("sign in first")
    return actor  # type: ignore[no-any-return]


def find_actor() -> Actor | None:
    """Return who asks, None when nobody is signed in; for pages that greet either."""
    actor: Actor | None = g.get("actor")
    return actor


def bearer_token() -> str | None:
    """Return the personal token of the request, None when it carries none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def recognise(db_session: Any, *, login: str | None, token: str | None, now: int) -> Actor | None:
    """Return whose login key or token this is, None when neither holds (any more)."""
    if token is not None:
        return accounts.find_actor_by_token(db_session, token, now=now)
    return accounts.find_actor_by_login(db_session, login, now=now) if login else None


def _identify() -> None:
    g.actor, g.by_token = None, False
    if _is_basic():
        g.by_token = True
        with reading() as db_session:
            g.actor = find_basic_actor(db_session, now=edge().clock())
        return
    login, token = session.get("login"), bearer_token()
    if request.endpoint in (None, "static") or not (login or token):
        return
    now = edge().clock()
    if token is None and now - session.get("seen", 0) > IDLE_US:
        session.clear()
        return
    with reading() as db_session:
        g.actor = recognise(db_session, login=login, token=token, now=now)
    g.by_token = token is not None
    if g.actor is None and token is None:
        session.clear()
    elif token is None and now - session["seen"] > _SEEN_STEP_US:
        session["seen"] = now


def _is_basic() -> bool:
    return request.blueprint in BASIC_BLUEPRINTS


def _authorise() -> Response | None:
    if request.endpoint is None or request.method == "OPTIONS":
        return None
    actions = declared_actions(current_app, request.endpoint)
    if PUBLIC in actions:
        return None
    if g.actor is None:
        return _ask_to_sign_in()
    if SIGNED_IN in actions or any(may(g.actor, action) for action in actions):
        return None
    needed = " or ".join(ACTIONS[action] for action in actions) or "do this"
    return problem(403, NotPermitted.code, f"No role of this account may {needed}.")


def _ask_to_sign_in() -> Response:
    if _is_basic():
        answer = problem(401, "not_signed_in", "Wrong or no e-mail and password. A personal token may be the password.")
        answer.headers["WWW-Authenticate"] = REALM
        return answer
    if wants_page() and request.method == "GET":
        return redirect(url_for("account.login", next=request.full_path.rstrip("?")))  # type: ignore[return-value]
    answer = problem(401, "not_signed_in", "Sign in, or send a personal token as `Authorization: Bearer …`.")
    answer.headers["WWW-Authenticate"] = 'Bearer realm="fom"'
    return answer


def _protect() -> None:
    """Ask for the CSRF token on every unsafe request that a cookie could have authorised."""
    if request.method in ("GET", "HEAD", "OPTIONS") or g.by_token or request.endpoint is None:
        return
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        abort(403, "This request comes from another site.")
    csrf.protect()


def check_declared(app: Flask) -> None:
    """Refuse to start with a view that declares no action.

    Raises
    ------
    RuntimeError
        Names every such endpoint.
    """
    silent = sorted(e for e in app.view_functions if not declared_actions(app, e))
    if silent:
        raise RuntimeError(f"views without a declared action: {', '.join(silent)}")


def register(app: Flask) -> None:
    """Attach identity, authorisation and CSRF, in this order, before any other hook that looks at the body."""
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=False)
    csrf.init_app(app)
    app.before_request(_identify)
    app.before_request(_authorise)
    app.before_request(_protect)
    app.context_processor(lambda: {"actor": g.get("actor"), "may": _may})


def _may(action: str) -> bool:
    actor = g.get("actor")
    return actor is not None and may(actor, action)
