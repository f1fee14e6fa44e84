"""Plan a way: from a facts file without a database, or from the picture of the service."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fom.domain.access import Actor, require
from fom.domain.facts_file import parse_facts
from fom.network.artefact import load_network
from fom.network.network import Network
from fom.picture.picture import Picture
from fom.routing.answer import plan_answer
from fom.routing.planning import Plan
from fom.routing.posture import DEFAULT_POSTURE, POSTURES
from fom.routing.request import MAX_ALTERNATES, PlanRequest, make_request
from fom.routing.router import Router
from fom.services.assessing import make_question
from fom.services.disclosure import disclose_reason
from fom.services.planning_desk import plan_then

if TYPE_CHECKING:
    from fom.services.picture_host import PictureHost

Position = Sequence[float]
POSTURE_NAMES = tuple(POSTURES)
ALTERNATES_AT_MOST = MAX_ALTERNATES


def prepare_routing(folder: Path) -> None:
    """Make what searches on a built network need and keep it in its folder, so that the first plan need not wait."""
    Router(load_network(folder), folder)


def plan_facts(
    network: Network,
    facts_doc: object,
    *,
    origin: Position,
    destination: Position,
    via: Sequence[Position] = (),
    at: str,
    known_at: str | None,
    profile: str,
    user_class: str,
    posture: str = DEFAULT_POSTURE,
    alternates: int = MAX_ALTERNATES,
    folder: Path | None = None,
) -> dict[str, Any]:
    """Return the answer document `fom-plan/1` for a network and a facts file; `known_at` None = `at`.

    `folder` of a built network keeps the search structures for the next time.

    Raises
    ------
    InvalidInput
        Every bad field of the facts, else of the question, else of the places.
    """
    facts = parse_facts(facts_doc, network=network)
    question = make_question(facts, at=at, known_at=known_at, profile=profile, user_class=user_class)
    request = make_request(
        origin=origin,
        destination=destination,
        via=via,
        profile=profile,
        profiles=facts.profiles,
        user_class=user_class,
        at=question.at,
        known_at=question.known_at,
        posture=posture,
        alternates=alternates,
    )
    picture = Picture(network, facts.records, policy=facts.policy, profiles=facts.profiles)
    return plan_answer(plan_then(Router(network, folder), picture, request))


def plan_way(
    host: PictureHost,
    *,
    origin: Position,
    destination: Position,
    via: Sequence[Position] = (),
    profile: str = "P3",
    user_class: str = "mission_military",
    at: int | None = None,
    known_at: int | None = None,
    posture: str = DEFAULT_POSTURE,
    alternates: int = MAX_ALTERNATES,
    actor: Actor,
) -> dict[str, Any]:
    """Return the answer document for a viewer: reasons he may not see are told as such. Times None = now.

    Raises
    ------
    InvalidInput
        Every bad field.
    NotPermitted
        The actor may not see the picture.
    """
    require(actor, "read_picture")
    now = host.now()
    request = make_request(
        origin=origin,
        destination=destination,
        via=via,
        profile=profile,
        profiles=host.profiles,
        user_class=user_class,
        at=now if at is None else at,
        known_at=now if known_at is None else known_at,
        posture=posture,
        alternates=alternates,
    )
    plan = _plan(host, request, is_now=at is None and known_at is None)
    return plan_answer(plan, show=lambda reason: disclose_reason(reason, actor=actor, host=host))


def _plan(host: PictureHost, request: PlanRequest, *, is_now: bool) -> Plan:
    if is_now:
        return host.desk.plan_now(
            host.router, request, lambda: host.now_states(request.profile.name, request.user_class)
        )
    with host.reading() as picture:
        held = picture
    return plan_then(host.router, held, request)
