"""A mission's registers from a file into an empty database, each row known from when it could have been known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.instants import DAY_US
from fom.domain.registers import REGISTERS, members_of, parse_values
from fom.errors import Conflict, FieldError, InvalidInput
from fom.network.network import Network
from fom.routing.router import Router
from fom.services.key_routes import renew_record, stretches_along
from fom.services.registers import write_row
from fom.services.writing import note, step
from fom.store.tables import REGISTER_TABLES, KeyRoute

GROUND = ("site", "area", "air_head", "crossing", "control_point", "key_route")
"""Registers that describe the ground; loaded first, because the others name their rows."""
LATER = ("protest_at", "resolved_at")
"""Members of a case that come after its opening."""
HISTORY_US = 90 * DAY_US
"""Rows of the ground count as known for so long: no shorter than the windows of the benchmarks that use them."""


def load_registers(
    session: Session,
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    network: Network,
    router: Router | None = None,
    actor: Actor,
    now: int,
    progress: Callable[[str], None] | None = None,
) -> int:
    """Store rows of any registers, only where a register is empty; return how many.

    Key routes get their stretches along `via`, searched with `router`, or one made for it. Ground is known from 90 days
    ago; a movement, case, task, priority or assessment from the latest of its own times that is past.

    Raises
    ------
    InvalidInput
        An unknown register, or every bad member of every row.
    Conflict
        A register that is to be loaded holds rows.
    """
    require(actor, "load_facts")
    at = step(session, now)
    unknown = sorted(set(rows) - set(REGISTERS))
    if unknown:
        raise InvalidInput.single(unknown[0], "given", "one of " + ", ".join(REGISTERS))
    count, router = 0, Router(network) if router is None else router
    for register in (*GROUND, *(name for name in REGISTERS if name not in GROUND)):
        if not rows.get(register):
            continue
        if session.scalar(select(REGISTER_TABLES[register].id).limit(1)) is not None:
            raise Conflict(f"register {register} holds rows already")
        if progress is not None:
            progress(register)
        for typed in _parents_first(_checked(register, rows[register], network, router)):
            row = None
            for known_from, values in _stages(register, typed, at):
                row, _ = write_row(session, register, values, row, by=actor.person, at=known_from)
            if isinstance(row, KeyRoute):
                renew_record(session, row, actor=actor, at=step(session, now))
            count += 1
    details = {name: len(listed) for name, listed in rows.items()}
    note(session, "load_registers", ("registers", "loaded"), kind="register", actor=actor, at=at, details=details)
    return count


def _checked(
    register: str, rows: Sequence[Mapping[str, Any]], network: Network, router: Router
) -> list[dict[str, Any]]:
    errors: list[FieldError] = []
    good = []
    for index, values in enumerate(rows):
        try:
            typed = parse_values(register, values)
            if register == "key_route" and typed["via"]:
                typed["segments"] = stretches_along(network, router, typed["via"])
            good.append(typed)
        except InvalidInput as refused:
            where = f"{register}[{index}]."
            errors += [FieldError(where + e.field, e.came, e.expected, values.get("id")) for e in refused.errors]
    if errors:
        raise InvalidInput(errors)
    return good


def _parents_first(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield from (row for row in rows if row.get("parent") is None)
    yield from (row for row in rows if row.get("parent") is not None)


def _stages(register: str, typed: dict[str, Any], at: int) -> list[tuple[int, dict[str, Any]]]:
    """Return when a row came to say what: a case was open before it was protested and resolved."""
    if register != "restriction_case":
        return [(_known_from(register, typed, at), typed)]
    later = sorted(
        {typed[name] for name in LATER if typed[name] is not None and typed["opened_at"] < typed[name] <= at}
    )
    moments = [min(typed["opened_at"], at), *later]
    return [(moment, {**typed, **_unsaid(typed, moment, at)}) for moment in moments]


def _unsaid(typed: Mapping[str, Any], moment: int, at: int) -> dict[str, None]:
    """Return the members of a case that nobody could have stated at a moment before now, as null."""
    ahead = [name for name in LATER if typed[name] is not None and moment < typed[name] <= at]
    return dict.fromkeys([*ahead, *(["protest_no"] if "protest_at" in ahead else [])])


def _known_from(register: str, typed: Mapping[str, Any], at: int) -> int:
    if register in GROUND:
        return at - HISTORY_US
    moments = [typed[name] for name, member in members_of(register).items() if member.kind == "moment"]
    return max((moment for moment in moments if moment is not None and moment <= at), default=at - HISTORY_US)
