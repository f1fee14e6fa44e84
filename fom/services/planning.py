"""Plan a way: from a facts file without a database, or from the picture of the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.facts_file import parse_facts
from fom.errors import FieldError, InvalidInput
from fom.network.artefact import load_network
from fom.network.network import Network
from fom.picture.picture import Picture
from fom.routing.answer import plan_answer
from fom.routing.planning import Plan
from fom.routing.posture import DEFAULT_POSTURE, POSTURES
from fom.routing.request import MAX_ALTERNATES, MAX_VIA, NO_WISHES, PlanRequest, Wishes, make_request
from fom.routing.router import Router
from fom.routing.stops import REST_KINDS
from fom.services.assessing import make_question
from fom.services.disclosure import disclose_plan, disclose_reason
from fom.services.planning_desk import plan_then
from fom.services.registers import list_register

if TYPE_CHECKING:
    from fom.services.picture_host import PictureHost

Position = Sequence[float]
POSTURE_NAMES = tuple(POSTURES)
PlanWishes = Wishes
ALTERNATES_AT_MOST, VIA_AT_MOST = MAX_ALTERNATES, MAX_VIA


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
    wishes: Wishes = NO_WISHES,
    sites: object = (),
    folder: Path | None = None,
) -> dict[str, Any]:
    """Return the answer document `fom-plan/1` for a network and a facts file; `known_at` None = `at`.

    `sites` are objects with `id, name, kind, lon, lat` at which one may rest or refuel; `folder` of a built network
    keeps the search structures for the next time.

    Raises
    ------
    InvalidInput
        Every bad field of the facts, else of the question, else of the places, else of the sites.
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
        wishes=wishes,
    )
    picture = Picture(network, facts.records, policy=facts.policy, profiles=facts.profiles)
    return plan_answer(plan_then(Router(network, folder), picture, request, _checked_sites(sites)))


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
    wishes: Wishes = NO_WISHES,
    sites: Sequence[Mapping[str, Any]] = (),
    actor: Actor,
) -> dict[str, Any]:
    """Return the answer document for a viewer: reasons he may not see are told as such. Times None = now.

    `sites` are rows of the register at which one may rest or refuel (`halting_places`), needed where wished for.

    Raises
    ------
    InvalidInput
        Every bad field.
    NotPermitted
        The actor may not see the picture.
    """
    require(actor, "read_picture")
    now = host.now()
    known = now if known_at is None else known_at
    request = make_request(
        origin=origin,
        destination=destination,
        via=via,
        profile=profile,
        profiles=host.edition_at(known).profiles,
        user_class=user_class,
        at=now if at is None else at,
        known_at=known,
        posture=posture,
        alternates=alternates,
        wishes=wishes,
    )
    plan = _plan(host, request, sites, is_now=at is None and known_at is None)
    answer = plan_answer(plan, show=partial(disclose_reason, actor=actor, host=host))
    return disclose_plan(answer, actor=actor, host=host)


def halting_places(session: Session, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the active sites that the actor may see, of kinds at which one may rest or refuel."""
    return _halting(list_register(session, "site", actor=actor))


def _halting(sites: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [dict(row) for row in sites if row["kind"] in REST_KINDS and row.get("is_active") is not False]


def _checked_sites(sites: object) -> list[dict[str, Any]]:
    """Return the sites of a document at which one may halt. InvalidInput with every bad member."""
    if not isinstance(sites, Sequence) or isinstance(sites, str):
        raise InvalidInput.single("sites", type(sites).__name__, "a list of sites, or an object with `rows`")
    errors: list[FieldError] = []
    for place, site in enumerate(sites):
        if not isinstance(site, Mapping):
            errors.append(FieldError(f"sites[{place}]", repr(site)[:40], "an object with id, name, kind, lon, lat"))
            continue
        texts = {name: isinstance(site.get(name), str) for name in ("id", "name", "kind")}
        degrees = {name: _is_degrees(site.get(name), most) for name, most in (("lon", 180), ("lat", 90))}
        for name, is_good in (texts | degrees).items():
            if not is_good:
                expected = "a text" if name in texts else "degrees, WGS 84"
                errors.append(FieldError(f"sites[{place}].{name}", repr(site.get(name))[:40], expected))
    if errors:
        raise InvalidInput(errors)
    return _halting(sites)


def _is_degrees(value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= most


def _plan(host: PictureHost, request: PlanRequest, sites: Sequence[Mapping[str, Any]], *, is_now: bool) -> Plan:
    """Return the plan; a vehicle with dimensions of its own is judged from nothing, so that the sets kept stay."""
    if is_now and not request.wishes.vehicle:
        now = partial(host.now_states, request.profile.name, request.user_class)
        return host.desk.plan_now(host.router, request, now, sites)
    with host.reading(None if is_now else request.known_at) as picture:
        held = picture
    return plan_then(host.router, held, request, sites)
