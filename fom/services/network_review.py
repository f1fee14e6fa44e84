"""The review of a network before it comes into use: what would lie elsewhere or look better, and who signed for it.

An item is settled by signatures under exactly what it says, or under something worse; an improvement needs two persons,
one of whom may improve states by hand. Source: doctrine, sections 9.11 and 10.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, may, require, visible
from fom.domain.instants import format_instant
from fom.domain.states import DIRECTION_CODES, State
from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.network.lineage import Lineage
from fom.network.links import Links, links_between
from fom.network.network import Network
from fom.picture.carrying import Carried
from fom.picture.picture import Picture
from fom.picture.rebinding import FactDifference, Improvement, fact_differences, improvements
from fom.services.picture_host import PictureHost
from fom.services.placing_facts import PLACED_KINDS
from fom.services.writing import note, step
from fom.store.tables import KeyRoute, NetworkSignature

GAP_M = 15.0
"""So much of a key route may have no road any more before a person is asked (J)."""
LOST_PLACE = frozenset(("lost", "asset_lost", "doubtful", "no_way"))
"""Problems of facts that do not lie where they lay: a person may know where they lie."""
LINES_MAX = 100
"""Roads of one item that a map draws; an incident may touch hundreds."""
REASON_LETTERS = 10
"""A reason says why: a word does not (J)."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a person must look at. `essence` is what is signed: plain values."""

    item: str
    kind: str
    """fact, key_route or improvement."""
    subject: str
    """Id of the record or key route, or the first segment of a stretch of road."""
    essence: dict[str, Any]
    choices: tuple[str, ...] = ("accept",)
    can_be_placed: bool = False
    """Whether a person may say on which road of the new map a fact lies."""

    @property
    def persons(self) -> int:
        """Return how many must sign."""
        return 2 if self.kind == "improvement" else 1


@dataclass(frozen=True, slots=True)
class Review:
    """Every item of a network as of a version of the pictures."""

    network_id: str
    base_id: str
    version: int
    at: int
    items: tuple[Item, ...]


# what would happen


def make_review(session: Session, old: PictureHost, new: PictureHost) -> Review:
    """Return the review of the network of `new`, made ready beside the one in use; both hosts are at one version.

    Raises
    ------
    Conflict
        The hosts do not stand at the same change: ask again.
    """
    version = old.version
    with old.reading() as picture:
        before = picture.copy()
    with new.reading() as picture:
        after = picture.copy()
    if not version == old.version == new.version:
        raise Conflict("changes are still being read; ask again in a moment")
    at = old.now()
    links = links_between(before.network, after.network, lineage_between(old, new))
    carried = _news_of(old.names.carried, new.names.carried)
    items = [
        _fact_item(before.network, after.network, d, new) for d in fact_differences(before, after, links, carried, at)
    ]
    items += _improvement_items(before, after, links, carried, at)
    items += _route_items(session, old, new)
    named = tuple(_identified(item, old.network.network_id, new.network.network_id) for item in items)
    return Review(new.network.network_id, old.network.network_id, version, at, named)


def lineage_between(old: PictureHost, new: PictureHost) -> Lineage | None:
    """Return what became of the roads of the network in use on the one made ready."""
    return new.names.carrier.lineages.get(old.network.network_id)


def _news_of(before: Mapping[str, Carried], after: Mapping[str, Carried]) -> dict[str, Carried]:
    """Return what is read otherwise than it was written, without the losses that the network in use has already."""
    news = {}
    for record_id, told in after.items():
        known = before.get(record_id)
        is_known = known is not None and (known.lost, known.lost_assets) == (told.lost, told.lost_assets)
        news[record_id] = replace(told, lost=(), lost_assets=(), is_doubtful=False) if is_known else told
    return news


def _identified(item: Item, base_id: str, network_id: str) -> Item:
    digest = blake2b(f"{base_id} {network_id} {item.kind} {item.subject}".encode(), digest_size=10).hexdigest()
    return replace(item, item=digest)


def _fact_item(old: Network, new: Network, difference: FactDifference, host: PictureHost) -> Item:
    told = host.names.carried.get(difference.record_id)
    essence = {
        "kind": difference.kind,
        "problems": list(difference.problems),
        "old_segments": [old.segment_id(n) for n in difference.old_segments],
        "new_segments": [new.segment_id(n) for n in difference.new_segments],
        "lost": [] if told is None else [[s.segment_id, s.from_m, s.to_m] for s in told.lost],
    }
    can_be_placed = difference.kind in PLACED_KINDS and bool(LOST_PLACE & set(difference.problems))
    return Item("", "fact", difference.record_id, essence, can_be_placed=can_be_placed)


def _improvement_items(
    before: Picture, after: Picture, links: Links, carried: Mapping[str, Carried], at: int
) -> list[Item]:
    """Return improvements by road: what stands between two junctions is one item."""
    by_link: dict[int, list[Improvement]] = defaultdict(list)
    for found in improvements(before, after, links, carried, at):
        by_link[int(after.network.link[found.segment])].append(found)
    items = []
    for link in sorted(by_link):
        rows = [
            [
                after.network.segment_id(i.segment), DIRECTION_CODES[i.direction], i.part, i.before.name, i.after.name,
                [before.network.segment_id(n) for n in i.old_segments], list(i.profiles),
            ]
            for i in by_link[link]
        ]  # fmt: skip
        items.append(Item("", "improvement", min(str(row[0]) for row in rows), {"rows": rows}))
    return items


def _route_items(session: Session, old: PictureHost, new: PictureHost) -> list[Item]:
    items = []
    for row in session.scalars(select(KeyRoute).order_by(KeyRoute.code)):
        problems = route_problems(row.segments or [], old, new)
        if problems:
            choices = ("accept", "reroute") if row.via else ("accept",)
            items.append(Item("", "key_route", row.id, {"code": row.code, **problems}, choices))
    return items


def route_problems(stretches: Sequence[Any], old: PictureHost, new: PictureHost) -> dict[str, Any]:
    """Return what keeps a key route from going on as it is, {} when nothing does."""
    carrier, in_use = new.names.carrier, old.network.network_id
    lost_m, doubtful = 0.0, False
    for stretch in old.names.carrier.as_stretches(stretches):
        _, followed = carrier.follow(stretch, in_use)
        if followed is not None:
            lost_m += sum(high - low for low, high in followed.lost)
            doubtful |= any(part.is_doubtful for part in followed.parts)
    there = carrier.stretches(stretches, in_use)
    found = {
        "lost_m": round(lost_m) if lost_m > GAP_M else 0,
        "doubtful": doubtful,
        "against_traffic": _against_traffic(new.network, there) - _against_traffic(old.network, stretches),
        "gaps": max(0, _gaps(new.network, there) - _gaps(old.network, stretches)),
    }
    return {name: value for name, value in found.items() if value} if any(v > 0 for v in found.values()) else {}


def _against_traffic(network: Network, stretches: Sequence[Any]) -> int:
    numbers = [(network.find_segment(s["id"]), s.get("direction") or "forward") for s in stretches]
    return sum(n is not None and way == "backward" and bool(network.is_oneway[n]) for n, way in numbers)


def _gaps(network: Network, stretches: Sequence[Any]) -> int:
    """Return how often a route ends at one junction and goes on at another."""
    gaps, at = 0, None
    for stretch in stretches:
        number = network.find_segment(stretch["id"])
        if number is None:
            continue
        ends = [int(network.from_node[number]), int(network.to_node[number])]
        whole = [(stretch.get("from_m") or 0.0) <= GAP_M, _reaches_end(network, number, stretch.get("to_m"))]
        if stretch.get("direction") == "backward":
            ends, whole = ends[::-1], whole[::-1]
        gaps += at is not None and whole[0] and at != ends[0]
        at = ends[1] if whole[1] else None
    return gaps


def _reaches_end(network: Network, number: int, to_m: float | None) -> bool:
    return to_m is None or float(network.length_m[number]) - to_m <= GAP_M


# signatures


def sign_item(
    session: Session,
    review: Review,
    item_id: str,
    *,
    choice: str,
    reason: str,
    actor: Actor,
    now: int,
    place: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Sign an item of a review and return it as it stands then; `place` says on which new road a fact lies.

    Raises
    ------
    NotFound
        No such item (any more).
    InvalidInput
        The reason says nothing, the item knows no such choice, or its fact is not to be placed.
    Conflict
        Settled already, or signed by the same person.
    NotPermitted
        The second signature under an improvement where neither person may improve a state.
    """
    require(actor, "review_networks")
    at = step(session, now)
    item = next((i for i in review.items if i.item == item_id), None)
    if item is None:
        raise NotFound("item of this review", item_id)
    if len(reason.strip()) < REASON_LETTERS:
        raise InvalidInput.single("reason", reason[:40], f"why, in at least {REASON_LETTERS} letters")
    if choice not in item.choices:
        raise InvalidInput.single("choice", choice, "one of " + ", ".join(item.choices))
    if place is not None and not item.can_be_placed:
        raise InvalidInput.single("place", "given", "nothing: this item keeps its place")
    signed = signatures(session, review).get(item.item, [])
    valid = [s for s in signed if covers(s, item)]
    if is_settled(item, signed):
        raise Conflict("this item is settled")
    if any(s.by == actor.person for s in valid):
        raise Conflict("you have signed this; it waits for a second person")
    is_last = len(valid) + 1 == item.persons
    if item.kind == "improvement" and is_last and not (may(actor, "improve") or any(s.may_improve for s in valid)):
        raise NotPermitted("one of the two who accept an improvement must be the chief JOC")
    row = NetworkSignature(
        network_id=review.network_id, base_id=review.base_id, item=item.item, kind=item.kind,
        essence=item.essence if place is None else {**item.essence, "place": dict(place)},
        choice=choice, reason=reason.strip(), may_improve=may(actor, "improve"), by=actor.person, at=at,
    )  # fmt: skip
    session.add(row)
    details: dict[str, Any] = {
        "item": item.item,
        "what": item.kind,
        "subject": item.subject,
        "choice": choice,
        "reason": row.reason,
    }
    details |= {} if place is None else {"place": dict(place)}
    note(
        session,
        "sign_review",
        ("network_review", review.network_id),
        kind="network",
        actor=actor,
        at=at,
        details=details,
    )
    return told(item, [*signed, row])


def signatures(session: Session, review: Review) -> dict[str, list[NetworkSignature]]:
    """Return item -> its signatures, oldest first."""
    query = select(NetworkSignature).where(
        NetworkSignature.network_id == review.network_id, NetworkSignature.base_id == review.base_id
    )
    found: dict[str, list[NetworkSignature]] = defaultdict(list)
    for row in session.scalars(query.order_by(NetworkSignature.number)):
        found[row.item].append(row)
    return found


def covers(signature: NetworkSignature, item: Item) -> bool:
    """Return whether what was signed is what the item says now, or worse; facts and routes must be the same."""
    if item.kind != "improvement":
        return {name: value for name, value in signature.essence.items() if name != "place"} == item.essence
    signed = {tuple(row[:3]): row for row in signature.essence["rows"]}
    return all(_is_within(row, signed.get(tuple(row[:3]))) for row in item.essence["rows"])


def _is_within(row: Sequence[Any], signed: Sequence[Any] | None) -> bool:
    """Return whether an improvement is no greater, and for no other vehicle, than the one signed for."""
    if signed is None:
        return False
    is_smaller = State[row[3]] <= State[signed[3]] and State[row[4]] >= State[signed[4]]
    return is_smaller and set(row[6]) <= set(signed[6])


def is_settled(item: Item, signed: Sequence[NetworkSignature]) -> bool:
    """Return whether enough persons have signed for an item as it is."""
    valid = [s for s in signed if covers(s, item)]
    persons = {s.by for s in valid}
    return len(persons) >= item.persons and (item.kind != "improvement" or any(s.may_improve for s in valid))


def placed_facts(session: Session, review: Review) -> dict[str, dict[str, Any]]:
    """Return record id -> place of the facts that were signed for with one; the newest signature that holds counts."""
    signed = signatures(session, review)
    places = {}
    for item in review.items:
        valid = [s for s in signed.get(item.item, []) if covers(s, item)]
        if item.kind == "fact" and valid and (place := valid[-1].essence.get("place")):
            places[item.subject] = place
    return places


def open_items(session: Session, review: Review) -> list[Item]:
    """Return the items that nobody has settled."""
    signed = signatures(session, review)
    return [item for item in review.items if not is_settled(item, signed.get(item.item, []))]


# as told


def told(item: Item, signed: Sequence[NetworkSignature]) -> dict[str, Any]:
    """Return an item with its signatures as plain values."""
    return {
        "item": item.item,
        "kind": item.kind,
        "subject": item.subject,
        "says": item.essence,
        "choices": list(item.choices),
        "can_be_placed": item.can_be_placed,
        "persons": item.persons,
        "is_settled": is_settled(item, signed),
        "signatures": [
            {
                "by": s.by,
                "at": format_instant(s.at),
                "choice": s.choice,
                "reason": s.reason,
                "place": s.essence.get("place"),
                "is_valid": covers(s, item),
            }
            for s in signed
        ],
    }


def told_items(session: Session, review: Review, host: PictureHost, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the items as the viewer may see them: of a fact that is not for him only that it is there."""
    signed = signatures(session, review)
    items = []
    for item in review.items:
        plain = told(item, signed.get(item.item, []))
        if item.kind != "improvement" and not visible(actor, host.access_of(item.subject)):
            plain |= {"subject": "restricted, contact JOC", "says": {}, "can_be_placed": False}
            plain["signatures"] = [{**signature, "place": None} for signature in plain["signatures"]]
        items.append(plain)
    return items


def lines_of(review: Review, old: Network, new: Network) -> dict[str, dict[str, list[list[list[float]]]]]:
    """Return item -> the lines of its roads, `old` on the network in use and `new`, degrees."""
    lines = {}
    for item in review.items:
        said = item.essence
        before = said.get("old_segments") or [i for row in said.get("rows", ()) for i in row[5]]
        after = said.get("new_segments") or [row[0] for row in said.get("rows", ())]
        lines[item.item] = {"old": _lines(old, before), "new": _lines(new, after)}
    return lines


def _lines(network: Network, segment_ids: Sequence[str]) -> list[list[list[float]]]:
    numbers = [n for i in dict.fromkeys(segment_ids) if (n := network.find_segment(i)) is not None]
    return [[list(p) for p in network.line(number).coords] for number in numbers[:LINES_MAX]]
