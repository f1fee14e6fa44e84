"""The editions of the policy as people read them: every parameter with its value and reason, and what each changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.editions import Edition
from fom.domain.instants import NEVER_US, format_instant
from fom.domain.policy_catalogue import Parameter, flatten, parameters_of
from fom.domain.policy_families import SECTIONS, WORD
from fom.errors import NotFound
from fom.services.policies import edition_of
from fom.store.tables import PolicyVersion


def differences(before: Edition, after: Edition, reasons: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return every parameter whose value differs, in the order of the catalogue; null where there is no such one."""
    old, new = flatten(before.policy, before.profiles), flatten(after.policy, after.profiles)
    units = {p.name: p.unit for e in (before, after) for p in parameters_of(e.policy, e.profiles)}
    return [
        {"parameter": name, "before": old.get(name), "after": new.get(name), "unit": units[name],
         "reason": reasons.get(name, "")}
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]  # fmt: skip


def list_policies(session: Session, *, actor: Actor) -> list[dict[str, Any]]:
    """Return every version, newest first, with what it changed against the one before; the defaults are number 0."""
    require(actor, "read_picture")
    rows = _rows(session)
    editions = [Edition(), *(edition_of(row) for row in rows)]
    found = [_defaults()]
    for before, after, row in zip(editions, editions[1:], rows, strict=False):
        found.append(_head(row) | {"changes": differences(before, after, row.reasons or {})})
    return found[::-1]


def describe_policy(session: Session, number: int | None = None, *, actor: Actor) -> dict[str, Any]:
    """Return a version (None = the newest) with `sections`: every parameter as the catalogue describes it.

    Each has its value, whether it differs from its default, and the reason of the version that last set it.
    NotFound for a number that was never published.
    """
    require(actor, "read_picture")
    rows = _rows(session)
    newest = rows[-1].number if rows else 0
    number = newest if number is None else number
    kept = [row for row in rows if row.number <= number]
    if number != 0 and (not kept or kept[-1].number != number):
        raise NotFound("policy", str(number))
    edition = edition_of(kept[-1]) if kept else Edition()
    values, reasons = flatten(edition.policy, edition.profiles), _reasons_in_force(kept)
    sections: dict[str, list[dict[str, Any]]] = {name: [] for name in SECTIONS}
    for parameter in parameters_of(edition.policy, edition.profiles):
        sections[parameter.family.section].append(_described(parameter, values, reasons))
    head = _head(kept[-1]) if kept else _defaults()
    return head | {
        "in_force": number == newest,
        "sections": [{"section": name, "title": SECTIONS[name], "parameters": rows} for name, rows in sections.items()],
    }


def _described(parameter: Parameter, values: Mapping[str, Any], reasons: Mapping[str, str]) -> dict[str, Any]:
    family, value = parameter.family, values[parameter.name]
    is_word = family.unit == WORD
    return {
        "parameter": parameter.name,
        "value": value,
        "unit": family.unit,
        "default": parameter.default,
        "low": None if is_word else family.low,
        "high": None if is_word else family.high,
        "meaning": parameter.meaning,
        "source": family.source,
        "reason": reasons.get(parameter.name) or family.reason,
        "is_changed": value != parameter.default,
    }


def _reasons_in_force(rows: list[PolicyVersion]) -> dict[str, str]:
    """Return parameter -> why it has its value: the reason of the last version that changed it."""
    reasons: dict[str, str] = {}
    editions = [Edition(), *(edition_of(row) for row in rows)]
    for before, after, row in zip(editions, editions[1:], rows, strict=False):
        for change in differences(before, after, row.reasons or {}):
            reasons[change["parameter"]] = change["reason"] or row.reason
    return reasons


def _rows(session: Session) -> list[PolicyVersion]:
    return list(session.scalars(select(PolicyVersion).order_by(PolicyVersion.number)))


def _head(row: PolicyVersion) -> dict[str, Any]:
    holds_from = NEVER_US if row.holds_from is None else row.holds_from
    return {
        "number": row.number,
        "holds_from": None if holds_from == NEVER_US else format_instant(holds_from),
        "published_at": format_instant(row.at),
        "published_by": row.by,
        "proposed_by": row.proposed_by,
        "reason": row.reason,
        "base": row.base,
        "seen": row.seen,
    }


def _defaults() -> dict[str, Any]:
    """Return the head of the defaults, which nobody published."""
    nobody = dict.fromkeys(("holds_from", "published_at", "published_by", "proposed_by", "base", "seen"))
    return {"number": 0, "reason": "the defaults of the doctrine", "changes": [], **nobody}
