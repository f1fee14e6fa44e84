"""What the stream said between two changes, reproduced from the records under the rules in force then.

A listener's events are a function of the change sequence: the picture as it stood at `after` is made again and every
change is played over it by the steps that the live picture takes (`playing`). Who may see a record is judged by what
the viewer may see now. What a break in the line added (`resume`, `resync`) was said to one listener and is not here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from fom.errors import Conflict, InvalidInput, NotFound
from fom.picture.picture import Picture
from fom.services.followed import Followed
from fom.services.picture_events import Event, Subscription
from fom.services.picture_host import PictureHost
from fom.services.playing import changes_routes, play, routes_at
from fom.services.policies import edition_at_change
from fom.store.changes import find_change, list_activations, list_changes, newest_number
from fom.store.records import list_known, list_of_changes
from fom.store.tables import Change

CHANGES_MAX = 2_000
"""Changes played again at once; a watch of a busy day has fewer."""


@dataclass(frozen=True, slots=True)
class Listening:
    """What was listened to: from after a change up to another, for one profile and user class."""

    after: int
    up_to: int
    profile: str
    user_class: str


def replay_stream(session: Session, host: PictureHost, asked: Listening) -> Iterator[list[Event]]:
    """Yield for each change its events, in the order in which a listener got them.

    Raises
    ------
    InvalidInput
        The changes are not in order, not there, or too many; an unknown profile or user class.
    Conflict
        Another road network was in use then.
    """
    then = _check(session, host, asked)
    routes = routes_at(session, host.network, then.at, host.names.routes)
    picture = picture_at(session, host, asked.after)
    followed = _follow(picture, asked, then.at, asked.after)
    followed.set_routes(routes)
    changes = list_changes(session, after=asked.after, limit=asked.up_to - asked.after)
    rows = list_of_changes(session, after=asked.after, up_to=asked.up_to)
    for change in changes:
        own = [row for row in rows if row.change_number == change.number]
        listener = Subscription(followed.listeners.remove)
        followed.listeners.append(listener)
        if change.kind == "policy":
            picture = picture_at(session, host, change.number)
            fresh = _follow(picture, asked, change.at, change.number)
            followed.replace(fresh.live, change.at, number=change.number, cause=change.kind)
        else:
            moved = routes_at(session, host.network, change.at, host.names.routes) if changes_routes(change) else None
            play(change, [host.names.record_of(row) for row in own], moved, picture, [followed])
            for event in host.record_events(change, own):
                followed.publish(event)
        yield list(listener.waiting())
        listener.close()


def picture_at(session: Session, host: PictureHost, number: int) -> Picture:
    """Return a picture of the records written up to a change, under the rules of that change."""
    edition = edition_at_change(session, number)
    with host.reading() as now:
        version, picture = host.version, now.copy()
    is_same_rules = (edition.policy, dict(edition.profiles)) == (picture.policy, picture.profiles)
    if is_same_rules and newest_number(session) >= version >= number:
        picture.remove([row.id for row in list_of_changes(session, after=number, up_to=version)])
        return picture
    records = (host.names.record_of(row) for row in list_known(session, up_to=number))
    return Picture(host.network, records, policy=edition.policy, profiles=edition.profiles)


def _follow(picture: Picture, asked: Listening, at: int, number: int) -> Followed:
    if asked.profile not in picture.profiles:
        expected = "one of " + ", ".join(sorted(picture.profiles))
        raise InvalidInput.single("profile", asked.profile[:40], expected)
    live = picture.live(picture.profiles[asked.profile], asked.user_class, at)
    return Followed(live, number=number, routes={})


def _check(session: Session, host: PictureHost, asked: Listening) -> Change:
    newest = newest_number(session)
    if not 0 < asked.up_to - asked.after <= CHANGES_MAX or asked.up_to > newest:
        expected = f"after `after`, by at most {CHANGES_MAX} changes, and not after {newest}"
        raise InvalidInput.single("up_to", str(asked.up_to), expected)
    then = find_change(session, asked.after)
    if then is None:
        raise NotFound("change", str(asked.after))
    last = next((found for found in reversed(list_activations(session)) if found[0] <= asked.up_to), None)
    if last is not None and last[0] > asked.after:
        raise InvalidInput.single(
            "up_to", str(asked.up_to), f"at most {last[0] - 1}: change {last[0]} put another network in use"
        )
    if last is not None and last[1] != host.network.network_id:
        raise Conflict(f"network {last[1]} was in use then", network=last[1])
    return then
