"""From the answers of a form to the records that follow: what needs the network and the registers besides the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.answer_records import records_of
from fom.domain.answers import tracks_of
from fom.domain.forms import FORMS
from fom.errors import InvalidInput, NotFound
from fom.network.network import Network
from fom.routing.router import Router
from fom.services.drafts import ReportDraft
from fom.services.key_routes import stretches_along
from fom.services.registers import get_register
from fom.services.route_stretches import cut_stretches
from fom.store.reports import find_version


def with_records(
    session: Session, draft: ReportDraft, *, actor: Actor, network: Network, router: Router
) -> ReportDraft:
    """Return a draft with the records that follow from its answers; one without answers, or known already, as it is.

    Raises
    ------
    InvalidInput
        A subject or key route that is not there for this actor, ends of a way far from any road or without a way.
    """
    if not draft.answers or find_version(session, draft.id) is not None:
        return draft
    _check_subjects(session, draft, actor)
    way = draft.answers.get("way")
    stretches = [] if way is None else _stretches(session, way, actor, network, router)
    return replace(draft, derived=tuple(records_of(draft.form, draft.answers, stretches=stretches)))


def _check_subjects(session: Session, draft: ReportDraft, actor: Actor) -> None:
    for question in FORMS[draft.form].questions:
        if question.kind == "subject" and question.code in draft.answers:
            register, row_id = question.codes[0], draft.answers[question.code]
            try:
                get_register(session, register, row_id, actor=actor)
            except NotFound:
                raise InvalidInput.single(
                    f"answers.{question.code}",
                    repr(row_id),
                    f"the id of a row of {register} that you may see",
                    reason="not_there",
                ) from None


def _stretches(
    session: Session, way: Mapping[str, Any], actor: Actor, network: Network, router: Router
) -> list[dict[str, Any]]:
    if tracks_of(way):
        return []
    if "stretches" in way:
        return [dict(stretch) for stretch in way["stretches"]]
    try:
        if "route" in way:
            return _on_route(session, way, actor, network)
        ends = [way["start"], way["end"]]
        if unplaced := [name for name in ("start", "end") if "lon" not in way[name]]:
            raise InvalidInput.single(unplaced[0], "a name only", "a position", reason="name_only")
        found = stretches_along(network, router, [[end["lon"], end["lat"]] for end in ends])
    except InvalidInput as refused:
        names = {"via[0]": "start", "via[1]": "end"}
        raise InvalidInput(
            [replace(e, field=f"answers.way.{names.get(e.field, e.field)}") for e in refused.errors]
        ) from None
    return [{name: stretch[name] for name in ("id", "from_m", "to_m")} for stretch in found]


def _on_route(session: Session, way: Mapping[str, Any], actor: Actor, network: Network) -> list[dict[str, Any]]:
    try:
        route = get_register(session, "key_route", way["route"], actor=actor)
    except NotFound:
        raise InvalidInput.single("route", repr(way["route"]), "a key route of the list", reason="not_there") from None
    low, high = (way.get(name) for name in ("from_km", "to_km"))
    return cut_stretches(network, route["segments"], *("" if end is None else f"{end:g}" for end in (low, high)))
