"""What an analysis looks at: network, picture, registers and one question; packed, it travels to other machines.

A worker opens the network by its folder, memory-mapped, and builds the picture from the packed facts once; parts name
the scene by its key only. A picture is a pure function of its records, so every worker has the same one.
"""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy.orm import Session

from fom.domain.access import OPERATOR
from fom.domain.facts_file import parse_facts
from fom.domain.instants import parse_instant
from fom.errors import BadReferenceData
from fom.network.artefact import load_network
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.routing.roads import RoadTopology
from fom.routing.router import Router
from fom.routing.snapping import Snap
from fom.services.air_heads import stand
from fom.services.facts_exchange import export_facts
from fom.services.joining import join_roads
from fom.services.judged_roads import JudgedRoads, judge, topology_of
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register

REGISTERS = ("site", "air_head", "key_route")
SCENES_KEPT = 2
"""At a million segments and 20,000 facts one takes some 300 MB."""
T = TypeVar("T")
Row = dict[str, Any]


class Scene:
    """One question over one network; what several parts need is computed once and kept."""

    def __init__(self, router: Router, picture: Picture, question: Question, rows: dict[str, list[Row]]) -> None:
        self.router, self.picture, self.question = router, picture, question
        self.network = router.network
        self.rows = rows
        self._kept: dict[str, Any] = {}
        self._lock = threading.RLock()

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return a value made by the first who needs it."""
        with self._lock:
            if name not in self._kept:
                self._kept[name] = make()
            found: T = self._kept[name]
            return found

    @property
    def topology(self) -> RoadTopology:
        """Return what never changes of the roads."""
        return topology_of(self.router)

    def judged(self) -> JudgedRoads:
        """Return the states of the question."""
        return self.once("judged", lambda: judge(self.picture, self.question))

    def judged_at(self, at: int) -> JudgedRoads:
        """Return the states of an earlier moment, as known then."""
        return judge(self.picture, replace(self.question, at=at, known_at=min(at, self.question.known_at)))

    def sites(self, *kinds: str) -> list[Row]:
        """Return the active sites of some kinds, by id."""
        found = [r for r in self.rows["site"] if r["kind"] in kinds and r.get("is_active") is not False]
        return sorted(found, key=lambda row: str(row["id"]))

    def joined(self, rows: list[Row]) -> dict[str, Snap]:
        """Return id -> where a row joins the road, in order; rows far from any road are left out."""
        return join_roads(self.network, rows)

    @cached_property
    def hubs(self) -> dict[str, Snap]:
        """Return where the service hubs join the road."""
        return self.joined(self.sites("hub"))


@dataclass(frozen=True, slots=True)
class PackedScene:
    """A scene as it travels: small enough to be sent once to each worker."""

    key: str
    """Names the scene: equal keys, equal content."""
    folder: str
    """Of the built network, at the same place on every machine."""
    network_id: str
    body: bytes
    """Compressed JSON of `facts`, `question` and `rows`; empty where the scene is at hand in the same process."""


def read_scene(session: Session, host: PictureHost, question: Question) -> Scene:
    """Return the scene of a question, on the picture of this process. Every row counts, whoever asks."""
    rows = {name: list_register(session, name, actor=OPERATOR, known_at=question.known_at) for name in REGISTERS}
    with host.reading() as picture:
        held = picture.copy()
    survey = held.survey(question.known_at)
    rows["air_head"] = stand(session, rows["air_head"], survey, at=question.at, known_at=question.known_at)
    return Scene(host.router, held, question, rows)


def pack_scene(session: Session, scene: Scene, folder: Path) -> PackedScene:
    """Return a scene with the facts that were known, for workers elsewhere."""
    facts = export_facts(session, actor=OPERATOR, known_at=scene.question.known_at)
    body = orjson.dumps({"facts": facts, "question": scene.question.members(), "rows": scene.rows})
    key = sha256(scene.network.network_id.encode() + body).hexdigest()
    return PackedScene(key, str(folder.resolve()), scene.network.network_id, zlib.compress(body, 6))


def hold_scene(key: str, scene: Scene) -> PackedScene:
    """Keep a scene in this process under a key and return the name by which parts find it."""
    _shelf.put(key, scene)
    return PackedScene(key, "", scene.network.network_id, b"")


def open_scene(packed: PackedScene) -> Scene:
    """Return a scene from what travelled, built at most once at a time and kept for the next parts.

    Raises
    ------
    BadReferenceData
        The network is not in its folder on this machine, or is another one.
    """
    return _shelf.get(packed)


def _build(packed: PackedScene) -> Scene:
    folder = Path(packed.folder)
    try:
        network = load_network(folder)
    except OSError as missing:
        raise BadReferenceData(f"a worker cannot open the network in {folder}: {missing}") from None
    if network.network_id != packed.network_id:
        raise BadReferenceData(f"a worker finds network {network.network_id} in {folder}, not {packed.network_id}")
    body = orjson.loads(zlib.decompress(packed.body))
    facts = parse_facts(body["facts"], network=network)
    asked = body["question"]
    question = Question(
        parse_instant(asked["at"]),
        parse_instant(asked["known_at"]),
        facts.profiles[asked["profile"]],
        asked["user_class"],
    )
    picture = Picture(network, facts.records, policy=facts.policy, profiles=facts.profiles)
    return Scene(Router(network, folder, with_hierarchy=False), picture, question, body["rows"])


class _Shelf:
    """The scenes opened last in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scenes: OrderedDict[str, Scene] = OrderedDict()

    def put(self, key: str, scene: Scene) -> None:
        with self._lock:
            self._scenes[key] = scene
            while len(self._scenes) > SCENES_KEPT:
                self._scenes.popitem(last=False)

    def get(self, packed: PackedScene) -> Scene:
        with self._lock:
            if packed.key not in self._scenes:
                if not packed.body:
                    raise BadReferenceData("the scene of this analysis is no longer at hand: ask again")
                self._scenes[packed.key] = _build(packed)
                while len(self._scenes) > SCENES_KEPT:
                    self._scenes.popitem(last=False)
            self._scenes.move_to_end(packed.key)
            return self._scenes[packed.key]


_shelf = _Shelf()
