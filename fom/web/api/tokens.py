"""Personal tokens: keys of one's own programs, with the rights of their owner, shown once and revocable."""

from __future__ import annotations

from typing import Any

from flask import g, jsonify
from pydantic import BaseModel, Field

from fom.domain.instants import format_instant
from fom.errors import NotPermitted
from fom.services import accounts
from fom.web.access import SIGNED_IN, allows, current_actor
from fom.web.api import BODY, MISSING, family
from fom.web.api.shapes import Body, Instant, InstantText, Uuid
from fom.web.edge import reading, writing

api = family("tokens", "Keys of one's own programs")


class Who(BaseModel):
    """The account behind the request."""

    email: str
    name: str
    roles: list[str]
    unit: str | None
    areas: list[str]
    clearance: str


class NewToken(Body):
    """What the token is for, and when it ends by itself."""

    label: str = Field(min_length=1, max_length=200)
    expires: Instant | None = None


class TokenPath(BaseModel):
    """Which token."""

    token_id: Uuid


class Token(BaseModel):
    """A token without its text."""

    id: str
    label: str
    created_at: InstantText
    expires_at: InstantText | None
    revoked_at: InstantText | None


class Tokens(BaseModel):
    """One's own tokens, newest first."""

    tokens: list[Token]


class IssuedToken(Token):
    """A new token with its text, shown this once."""

    text: str


@api.get("/me", responses={"200": Who})
@allows(SIGNED_IN)
def get_me() -> Any:
    """Return the account behind the request."""
    actor = current_actor()
    return jsonify(
        email=actor.email,
        name=actor.name,
        roles=sorted(actor.roles),
        unit=actor.unit,
        areas=list(actor.areas),
        clearance=actor.clearance,
    )


@api.get("/tokens", responses={"200": Tokens})
@allows(SIGNED_IN)
def list_tokens() -> Any:
    """List one's own tokens."""
    with reading() as session:
        return jsonify(tokens=[_plain(token) for token in accounts.list_tokens(session, actor=current_actor())])


@api.post("/tokens", responses={"201": IssuedToken, **BODY})
@allows(SIGNED_IN)
def post_token(body: NewToken) -> Any:
    """Issue a token to oneself; only a signed-in person may, so that a stolen token cannot make more of its kind."""
    if g.by_token:
        raise NotPermitted("a token is issued to a person who is signed in, not to another token")
    actor = current_actor()
    with writing() as (session, now):
        text, token = accounts.issue_token(
            session, email=actor.email, label=body.label, actor=actor, now=now, expires=body.expires
        )
    return jsonify(_plain(token) | {"text": text}), 201


@api.delete("/tokens/<token_id>", responses={"204": None, **MISSING})
@allows(SIGNED_IN)
def delete_token(path: TokenPath) -> Any:
    """Revoke a token; what it opened ends within seconds."""
    with writing() as (session, now):
        accounts.revoke_token(session, path.token_id, actor=current_actor(), now=now)
    return "", 204


def _plain(token: Any) -> dict[str, Any]:
    moments = {name: getattr(token, name) for name in ("created_at", "expires_at", "revoked_at")}
    return {"id": token.id, "label": token.label} | {
        name: None if us is None else format_instant(us) for name, us in moments.items()
    }
