"""States and delays of all roads for one question: those kept up to date for now, judged anew for the past."""

from __future__ import annotations

from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fom.domain.records import Control
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.routing.roads import Roads, RoadTopology
from fom.routing.router import Router
from fom.services.picture_host import PictureHost

_topologies: WeakKeyDictionary[Router, RoadTopology] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False, slots=True)
class JudgedRoads:
    """The states of one question for all segments, and how long tolls and checks hold one up."""

    question: Question
    states: NDArray[np.uint8]
    """(n, 2), NO_STATE where there is no such direction."""
    delay_min: NDArray[np.float64]
    """(n, 2)"""

    def roads(self, router: Router, *, with_grey: bool = False) -> Roads:
        """Return the usable roads: GREEN and AMBER, and GREY if asked for."""
        topology = topology_of(router)
        return Roads.of(topology, self.states, self.delay_min, self.question.profile, with_grey=with_grey)


def topology_of(router: Router) -> RoadTopology:
    """Return what never changes of a router's roads, made once."""
    found = _topologies.get(router)
    if found is None:
        found = _topologies[router] = RoadTopology(router)
    return found


def judge_roads(
    host: PictureHost, *, at: int | None, known_at: int | None, profile: str, user_class: str
) -> JudgedRoads:
    """Return the roads at a moment as known at a moment; neither given = now.

    Raises
    ------
    InvalidInput
        An unknown profile or user class.
    """
    question = host.question(at, known_at, profile, user_class)
    held = host.picture_for(question)
    if at is not None or known_at is not None:
        return judge(held, question)
    view = host.states(profile, user_class)
    question = replace(question, at=view.at, known_at=view.at)
    return JudgedRoads(question, view.states, delays_of(held, question))


def judge(picture: Picture, question: Question) -> JudgedRoads:
    """Return the roads of any question, judged from nothing."""
    assessment = picture.assess_ahead(question)
    return JudgedRoads(question, assessment.states, assessment.delay_min)


def delays_of(picture: Picture, question: Question) -> NDArray[np.float64]:
    """Return (n, 2) minutes; only segments that a toll or delay lies on are judged for it."""
    delay_min = np.zeros((picture.network.n_segments, 2))
    with picture.lock:
        known = picture.survey(question.known_at).known(Control.kind)
        held_up = [r for r in known if isinstance(r, Control) and r.delay_min is not None]
        segments = picture.influence.segments_of(held_up)
    if len(segments):
        delay_min[segments] = picture.assess(question, segments).delay_min
    return delay_min
