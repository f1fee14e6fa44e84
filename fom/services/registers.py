"""The registers: list, read and save rows of one shape, each with a version so that no edit overwrites another.

Values are plain, as in the API and the demo file: moments ISO 8601 text, geometry GeoJSON (`fom/domain/registers.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fom.domain.access import Access, Actor, Guarded, may, require, visible
from fom.domain.instants import DAY_US, format_instant
from fom.domain.movements import is_confined, may_change, may_see
from fom.domain.registers import FOLLOWING, ORDER, format_values, members_of, parse_values
from fom.errors import Conflict, FieldError, InvalidInput, NotFound, NotPermitted
from fom.services.clause_lists import check_case
from fom.services.writing import note, step
from fom.store.columns import hash_of
from fom.store.records import existing_ids
from fom.store.tables import REGISTER_TABLES, Inspection, MovementPlan, RegisterVersion
from fom.store.tables.registers import Kept

READ_ACTION = "read_picture"
READ_ACTIONS = dict.fromkeys(
    ("restriction_case", "commitment", "liaison_contact", "political_date"), "read_restriction_cases"
)
"""Register -> what an actor must be permitted to read it, where that is not `READ_ACTION`."""
EDIT_ACTIONS = {
    "key_route": "edit_key_routes",
    "air_head": "edit_air_heads",
    "crossing": "edit_crossings",
    "control_point": "edit_zones",
    "site": "edit_sites",
    "area": "edit_zones",
    "movement": "edit_movements",
    "restriction_case": "edit_restriction_cases",
    "commitment": "edit_restriction_cases",
    "liaison_contact": "edit_restriction_cases",
    "political_date": "edit_restriction_cases",
    "hazard_priority": "edit_hazard_priorities",
    "task": "edit_tasks",
    "assessment": "sign_assessment",
}
"""Register -> what an actor must be permitted to write it."""
RECORD_MEMBERS = {"restriction_case": ("record_id", "order_id"), "hazard_priority": ("hazard_id",)}
"""Register -> members that name a record."""
ROW_MEMBERS = {
    "movement": {"route": "key_route", "from_site": "site", "to_site": "site"},
    "control_point": {"zone": "area", "site": "site"},
    "site": {"parent": "site"},
    "restriction_case": {"movement_id": "movement", "route": "key_route"},
    "liaison_contact": {"route": "key_route"},
}
"""Register -> member -> register whose row it names."""
ASSESSMENT_LIFE_US = 30 * DAY_US
WITHDRAWN = "is_withdrawn"
"""Member of the last version of a row that was taken out with its import."""


def list_register(
    session: Session, register: str, *, actor: Actor, known_at: int | None = None, **equal: object
) -> list[dict[str, Any]]:
    """Return the rows that the actor may see, by code, name or date, then id; `equal` narrows by members.

    Parameters
    ----------
    known_at
        The rows as they stood at a moment, microseconds; None = as they stand.

    Raises
    ------
    NotFound
        No such register.
    InvalidInput
        A member that the register does not have.
    """
    members = members_of(register)
    unknown = [name for name in equal if name not in members]
    if unknown:
        raise InvalidInput.single(unknown[0], "given", "one of " + ", ".join(members))
    table = REGISTER_TABLES[register]
    own = _own_movements(session, register, actor)
    if known_at is None:
        columns = [getattr(table, name) for name in ORDER if name in members]
        rows = session.scalars(select(table).filter_by(**equal).order_by(*columns))
        return [row_dict(register, row) for row in rows if _sees(actor, register, row, row.id, _unit(row), own)]
    bodies = _as_of(session, register, known_at)
    then = (b for b in bodies if _sees(actor, register, _access(b), b["id"], b.get("unit"), own))
    matching = [body for body in then if all(body[name] == value for name, value in equal.items())]
    order = [name for name in ORDER if name in members]
    return sorted(matching, key=lambda body: [(body[name] is None, body[name]) for name in order])


def visible_ids(session: Session, register: str, ids: Collection[str], *, actor: Actor) -> set[str]:
    """Return which of some rows, at most some hundreds, the actor may see."""
    table, own = REGISTER_TABLES[register], _own_movements(session, register, actor)
    rows = session.scalars(select(table).where(table.id.in_(ids))) if ids else ()
    return {row.id for row in rows if _sees(actor, register, row, row.id, _unit(row), own)}


def get_register(
    session: Session, register: str, row_id: str, *, actor: Actor, known_at: int | None = None
) -> dict[str, Any]:
    """Return one row, as it stands or as it stood; NotFound also when the actor may not see it."""
    if known_at is None:
        return row_dict(register, _get(session, register, row_id, actor))
    members_of(register)
    own = _own_movements(session, register, actor)
    for body in _as_of(session, register, known_at, row_id):
        if _sees(actor, register, _access(body), body["id"], body.get("unit"), own):
            return body
    raise NotFound(register, row_id)


def save_register(
    session: Session, register: str, values: Mapping[str, Any], *, version: int | None, actor: Actor, now: int
) -> dict[str, Any]:
    """Write a row and return it.

    Parameters
    ----------
    version
        None for a new row, whose id the client made: the same values again give the first result. Otherwise the
        version that was read; members that are not given become null.

    Raises
    ------
    InvalidInput
        Every bad member.
    Conflict
        Stale, or the id or code is taken by another row; `details["current"]` is the row now.
    """
    members_of(register)
    require(actor, EDIT_ACTIONS[register])
    typed = parse_values(register, values)
    _check_following(session, register, typed)
    at = step(session, now)
    return save_checked(session, register, typed, version=version, actor=actor, at=at)


def save_checked(
    session: Session, register: str, typed: Mapping[str, Any], *, version: int | None, actor: Actor, at: int
) -> dict[str, Any]:
    """Write typed values as `save_register` does, by one who may, at the moment of the open transaction."""
    _check_names(session, register, typed)
    _check_signature(register, typed, actor, at)
    row = session.get(REGISTER_TABLES[register], typed["id"], populate_existing=True)
    own = _own_movements(session, register, actor)
    if row is not None and not _sees(actor, register, row, row.id, _unit(row), own):
        raise NotPermitted(f"{register} {typed['id']} is not yours to change")
    if row is not None and register == "movement" and not may_change(actor, is_own=row.id in own):
        raise NotPermitted(f"movement {typed['id']} was notified by somebody else")
    if version is None and row is not None and _same(register, row, typed):
        return row_dict(register, row)
    if (version or 0) != (0 if row is None else row.version):
        current = None if row is None else row_dict(register, row)
        raise Conflict(f"{register} {typed['id']} was changed meanwhile", current=current)
    _check_approvals(register, typed, row, actor)
    row, details = write_row(session, register, typed, row, by=actor.person, at=at)
    note(session, f"save_{register}", (register, row.id), kind="register", actor=actor, at=at, details=details)
    return row_dict(register, row)


def write_row(
    session: Session, register: str, typed: Mapping[str, Any], row: Kept | None, *, by: str, at: int
) -> tuple[Kept, dict[str, Any]]:
    """Write checked values as the next version of a row; return it and what the audit notes (no values)."""
    before = {} if row is None else format_values(register, vars_of(register, row))
    if row is None:
        row = REGISTER_TABLES[register]()
        row.version = _last_version(session, register, typed["id"])
        session.add(row)
    for name, value in typed.items():
        setattr(row, name, value)
    row.version, row.changed_at, row.by = row.version + 1, at, by
    _flush(session, register, typed)
    _keep_inspection(session, register, typed, before, by=by, at=at)
    after = format_values(register, typed)
    session.add(
        RegisterVersion(register=register, row_id=row.id, version=row.version, changed_at=at, by=by, body=after)
    )
    changed = sorted(name for name, value in after.items() if before.get(name) != value)
    return row, {"version": row.version, "changed": changed, "body_hash": hash_of(after)}


def withdraw_row(session: Session, register: str, row: Kept, *, by: str, at: int) -> int:
    """Take a row out of its register, as if it had never been entered; its versions stay. Return the last one."""
    version = row.version + 1
    last = format_values(register, vars_of(register, row)) | {WITHDRAWN: True}
    session.delete(row)
    session.add(RegisterVersion(register=register, row_id=row.id, version=version, changed_at=at, by=by, body=last))
    session.flush()
    return version


def register_history(session: Session, register: str, row_id: str, *, actor: Actor) -> list[dict[str, Any]]:
    """Return what was changed when by whom, oldest first: `{at, by, version, changes: {member: value}}`."""
    _get(session, register, row_id, actor)
    query = select(RegisterVersion).where(RegisterVersion.register == register, RegisterVersion.row_id == row_id)
    history: list[dict[str, Any]] = []
    before: Mapping[str, Any] = {}
    for row in session.scalars(query.order_by(RegisterVersion.version)):
        changes = {name: value for name, value in row.body.items() if before.get(name) != value}
        history.append({"at": format_instant(row.changed_at), "by": row.by, "version": row.version, "changes": changes})
        before = row.body
    return history


def row_dict(register: str, row: Kept) -> dict[str, Any]:
    """Return the plain values of a row with its version and who changed it when."""
    return format_values(register, vars_of(register, row)) | {
        "version": row.version,
        "changed_at": format_instant(row.changed_at),
        "by": row.by,
    }


def vars_of(register: str, row: Kept) -> dict[str, Any]:
    """Return the typed values of a row's members."""
    return {name: getattr(row, name) for name in members_of(register)}


def _get(session: Session, register: str, row_id: str, actor: Actor) -> Kept:
    members_of(register)
    row = session.get(REGISTER_TABLES[register], row_id)
    own = _own_movements(session, register, actor)
    if row is None or not _sees(actor, register, row, row.id, _unit(row), own):
        raise NotFound(register, row_id)
    return row


def is_own_movement(session: Session, row: Kept, actor: Actor) -> bool:
    """Return whether the actor entered a movement, whoever has changed it since."""
    return row.id in _own_movements(session, "movement", actor)


def _own_movements(session: Session, register: str, actor: Actor) -> frozenset[str]:
    """Return the ids of the movements that the actor notified; asked only of those for whom it decides anything."""
    if register != "movement" or not is_confined(actor):
        return frozenset()
    notified = select(MovementPlan.movement_id).where(MovementPlan.notified_by == actor.person)
    entered = select(RegisterVersion.row_id).where(
        RegisterVersion.register == register, RegisterVersion.version == 1, RegisterVersion.by == actor.person
    )
    return frozenset((*session.scalars(notified), *session.scalars(entered)))


def _unit(row: Kept) -> str | None:
    return getattr(row, "unit", None)


def _sees(actor: Actor, register: str, row: Guarded, row_id: str, unit: str | None, own: frozenset[str]) -> bool:
    """Return whether the actor may see a row; of movements also whether it is one of his, or shared."""
    if register != "movement":
        return _may_see(actor, register, row)
    is_own = row_id in own or row.by == actor.person
    is_his = may_see(actor, classification=row.classification, unit=unit, is_own=is_own)
    return is_his and (row_id in own or _may_see(actor, register, row))


def _as_of(session: Session, register: str, known_at: int, row_id: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield each row's newest version at a moment."""
    newest = (
        select(RegisterVersion.row_id, func.max(RegisterVersion.version).label("version"))
        .where(RegisterVersion.register == register, RegisterVersion.changed_at <= known_at)
        .group_by(RegisterVersion.row_id)
        .subquery()
    )
    query = select(RegisterVersion).join(
        newest, (RegisterVersion.row_id == newest.c.row_id) & (RegisterVersion.version == newest.c.version)
    )
    query = query.where(RegisterVersion.register == register)
    if row_id is not None:
        query = query.where(RegisterVersion.row_id == row_id)
    absent = dict.fromkeys(members_of(register))  # members that came later than the version
    for row in session.scalars(query):
        if WITHDRAWN in row.body:
            continue
        yield absent | row.body | {"version": row.version, "changed_at": format_instant(row.changed_at), "by": row.by}


def _access(body: Mapping[str, Any]) -> Access:
    return Access(body["classification"], body["area_id"], body["by"])


def _may_see(actor: Actor, register: str, row: Guarded) -> bool:
    action = READ_ACTIONS.get(register, READ_ACTION)
    return visible(actor, row) and (may(actor, action) or row.by == actor.person)


def _same(register: str, row: Kept, typed: Mapping[str, Any]) -> bool:
    return row.version == 1 and format_values(register, vars_of(register, row)) == format_values(register, typed)


def _check_names(session: Session, register: str, typed: Mapping[str, Any]) -> None:
    for name in RECORD_MEMBERS.get(register, ()):
        if typed[name] is not None and not existing_ids(session, [typed[name]]):
            raise InvalidInput.single(name, typed[name], "the id of a record")
    for member, other in ROW_MEMBERS.get(register, {}).items():
        if typed[member] is not None and session.get(REGISTER_TABLES[other], typed[member]) is None:
            raise InvalidInput.single(member, typed[member], f"the id of a {other}")
    if register == "restriction_case":
        check_case(session, typed)


def _last_version(session: Session, register: str, row_id: str) -> int:
    """Return the last version under which an id was kept and taken out again, 0 for an id never seen."""
    query = select(func.max(RegisterVersion.version)).where(
        RegisterVersion.register == register, RegisterVersion.row_id == row_id
    )
    return session.scalar(query) or 0


def _check_following(session: Session, register: str, typed: Mapping[str, Any]) -> None:
    """Refuse what is typed where inspections speak; the same as it stands is no change, and neither is nothing."""
    names = FOLLOWING.get(register, ())
    row = session.get(REGISTER_TABLES[register], typed["id"]) if names else None
    stands = format_values(register, vars_of(register, row)) if row is not None else {"status": "unknown"}
    said = format_values(register, typed) if names else {}
    expected = "nothing typed: it follows from what was seen there; send an inspection to /api/v1/inspections"
    errors = [FieldError(n, str(said[n])[:80], expected) for n in names if said[n] != stands.get(n)]
    if errors:
        raise InvalidInput(errors)


def _check_approvals(register: str, typed: Mapping[str, Any], row: Kept | None, actor: Actor) -> None:
    """Aircraft types are approved by aviation, each under the name of who did it. Source: requirement 2.9."""
    if register != "air_head" or may(actor, "approve_aircraft"):
        return
    before: Mapping[str, Any] = {} if row is None else vars_of(register, row)
    for name in ("approvals", "aircraft_types"):
        if (typed[name] or []) != (before.get(name) or []):
            raise NotPermitted(f"{name}: aircraft types are approved by aviation")


def _check_signature(register: str, typed: Mapping[str, Any], actor: Actor, at: int) -> None:
    """An assessment is signed by its author, for at most thirty days from now on.

    Source: doctrine, section 6 (signed override).
    """
    if register != "assessment":
        return
    if typed["author"] != actor.person:
        raise NotPermitted(f"author: an assessment is signed by its author, not by {actor.person}")
    if typed["role"] not in actor.roles:
        raise InvalidInput.single("role", typed["role"], "a role of the author")
    if typed["expires"] > max(typed["valid_from"], at) + ASSESSMENT_LIFE_US or (
        typed["expires"] > typed["valid_from"] + ASSESSMENT_LIFE_US
    ):
        raise InvalidInput.single("expires", format_instant(typed["expires"]), "within 30 days of valid_from")


def _flush(session: Session, register: str, typed: Mapping[str, Any]) -> None:
    try:
        with session.begin_nested():
            session.flush()
    except IntegrityError as refused:
        if "code" in typed:
            raise Conflict(f"{register} code {typed['code']!r} is taken", current=None) from refused
        raise


def _keep_inspection(
    session: Session, register: str, typed: Mapping[str, Any], before: Mapping[str, Any], *, by: str, at: int
) -> None:
    inspected_at = typed.get("inspected_at")
    is_as_before = inspected_at is None or format_instant(inspected_at) == before.get("inspected_at")
    if register not in ("air_head", "crossing") or inspected_at is None or is_as_before:
        return
    session.add(
        Inspection(
            subject_kind=register,
            subject_id=typed["id"],
            inspected_at=inspected_at,
            inspection_by=typed.get("inspection_by"),
            status=typed["status"],
            notes=typed.get("notes"),
            received=at,
            by=by,
        )
    )
