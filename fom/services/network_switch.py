"""The picture hosts of one process: the one in use, and one beside it on a network that is made ready.

A host belongs to one network for life. It follows every change up to, but not including, the one that brings another
network into use; from that number on the other host answers. A request that began with one host ends with it, so nobody
is given states of one network with numbers of another.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from fom.errors import BadReferenceData, Conflict, FomError, NotFound
from fom.network.artefact import load_network
from fom.network.network import Network
from fom.network.shelf import find_folder
from fom.services.auditing import DailyHead
from fom.services.former_networks import FormerNetworks
from fom.services.host_threads import HostThreads
from fom.services.movement_watch import MovementWatch
from fom.services.network_review import Review
from fom.services.picture_host import HostSettings, PictureHost, Readiness
from fom.services.policies import active_network
from fom.store.changes import list_activations, newest_candidate
from fom.store.database import Database

log = logging.getLogger(__name__)
DRAWN_MAX = 3
"""Networks kept open for tiles beside those in use: one that was, one under review."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A network that is made ready: its host once it is there, or why it will not be."""

    network_id: str
    host: PictureHost | None = None
    problem: str = ""

    @property
    def is_following(self) -> bool:
        """Return whether its host is there and no other network has overtaken it."""
        return self.host is not None and self.host.turn is None


class NetworkSwitch:
    """Follows changes with the host in use and the one made ready. Every public member is for any thread."""

    def __init__(
        self, config: HostSettings, database: Database, *, clock: Callable[[], int], opened: PictureHost | None = None
    ) -> None:
        """Open a host on the network in use; `opened` is that host where it is there already.

        Raises
        ------
        BadReferenceData
            No network is active, or its files cannot be trusted.
        """
        self._config, self._database, self._clock = config, database, clock
        self._chores = DailyHead(config, database, clock)
        self._movements = MovementWatch(database, lambda: self.current)
        self._switching = threading.Lock()
        self._drawing = threading.Lock()
        self._drawn: OrderedDict[str, Network] = OrderedDict()
        self._threads: HostThreads | None = None
        self._preparing: threading.Thread | None = None
        self.candidate: Candidate | None = None
        self.reviews: dict[str, Review] = {}
        """Network -> its review as it was worked out last."""
        self.current = self._open_active() if opened is None else opened

    # hosts

    def _open_active(self) -> PictureHost:
        """Return a host on the network that is in use at the change up to which the host has read."""
        while True:
            host = self._open(self._active())
            if host.is_in_use:  # else another network came into use while this one was read
                return host

    def _active(self) -> str:
        with self._database.reading() as session:
            network_id = active_network(session)
        if network_id is None:
            raise BadReferenceData("no network is active: build one and activate it (`fom network activate`)")
        return network_id

    def _open(self, network_id: str) -> PictureHost:
        """Return a host on a network of the data folder."""
        try:
            folder = find_folder(self._config.networks, network_id)
        except NotFound:
            raise BadReferenceData(f"network {network_id} is wanted, but not in {self._config.networks}") from None
        network = load_network(folder)
        while True:
            with self._database.reading() as session:
                names = FormerNetworks.read(session, self._config.networks, network)
                before = list_activations(session)
            host = PictureHost(self._database, network, clock=self._clock, folder=folder, names=names)
            with self._database.reading() as session:
                if list_activations(session) == before:
                    return host

    def drawn(self, network_id: str) -> Network:
        """Return a network of the data folder for drawing: the one in use, the one under review, one that was.

        Raises
        ------
        NotFound
            No such network, or it cannot be used.
        """
        candidate = self.candidate
        for host in (self.current, None if candidate is None else candidate.host):
            if host is not None and host.network.network_id == network_id:
                return host.network
        with self._drawing:
            if network_id not in self._drawn:
                try:
                    self._drawn[network_id] = load_network(find_folder(self._config.networks, network_id))
                except BadReferenceData:
                    raise NotFound("network", network_id) from None
            self._drawn.move_to_end(network_id)
            while len(self._drawn) > DRAWN_MAX:
                self._drawn.popitem(last=False)
            return self._drawn[network_id]

    # making ready

    def prepare(self, network_id: str) -> Candidate:
        """Open a host on a network beside the one in use and keep it up to date; return it when it is there."""
        candidate = self.candidate
        if candidate is not None and candidate.network_id == network_id and candidate.is_following:
            return candidate
        try:
            host = self._open(network_id)
            host.begin(self.current.begun())
            host.prepare_router()
            made = Candidate(network_id, host)
        except (FomError, OSError) as failed:
            log.warning("network %s could not be made ready: %s", network_id, type(failed).__name__)
            made = Candidate(network_id, problem=str(failed))
        self.candidate = made
        return made

    def _begin_to_prepare(self, network_id: str) -> None:
        if self._preparing is None or not self._preparing.is_alive():
            self._preparing = threading.Thread(
                target=self.prepare, args=(network_id,), name="fom-prepare-network", daemon=True
            )
            self._preparing.start()

    def ready(self, network_id: str) -> PictureHost:
        """Return the host of a network that was made ready.

        Raises
        ------
        Conflict
            It is not ready yet, or cannot be.
        """
        candidate = self.candidate
        if candidate is None or candidate.network_id != network_id:
            raise Conflict(f"network {network_id} is not made ready: announce it, or wait a moment")
        if candidate.host is None:
            raise Conflict(f"network {network_id} cannot be used: {candidate.problem}")
        return candidate.host

    # following

    def start(self) -> None:
        """Follow changes and the clock in the background."""
        self._threads = HostThreads(self._keep_up, self._database)
        self._threads.start()
        self._movements.start()

    def stop(self) -> None:
        """End the background threads and every subscription."""
        self._movements.stop()
        if self._threads is not None:
            self._threads.stop()
        self.current.close()

    def follow(self) -> int:
        """Apply every committed change; at the one that brings another network into use, go over to its host.

        While that host is still being made ready the old one goes on answering, as of the change before.
        """
        with self._switching:
            version, ready = self.current.follow(), self._followed_candidate()
            if self.current.turn is None:
                return version
            if ready is not None and ready.is_in_use:
                return self._go_over(ready)
            self._begin_to_prepare(self._active())
            return version

    def _followed_candidate(self) -> PictureHost | None:
        """Return the host made ready, up to date; one that another network has overtaken is dropped."""
        candidate = self.candidate
        if candidate is None or candidate.host is None:
            return None
        candidate.host.follow()
        if candidate.host.turn is None:
            return candidate.host
        self.candidate = None
        return None

    def _go_over(self, host: PictureHost) -> int:
        former, self.current, self.candidate = self.current, host, None
        former.relieve(host.network.network_id, host.names.since)
        log.info("network %s is in use from change %d on", host.network.network_id, host.names.since)
        return host.version

    def tick(self) -> None:
        """Advance the host in use to the clock."""
        self.current.tick()

    def readiness(self) -> Readiness:
        """Return whether the picture in use is whole and up to date."""
        return self.current.readiness()

    def _keep_up(self) -> None:
        self.follow()
        self.tick()
        self._chores()
        self.current.keep_when_due()
        self._look_for_candidate()

    def _look_for_candidate(self) -> None:
        """Begin to make ready what was announced, in this process as in every other."""
        try:
            with self._database.reading() as session:
                wanted = newest_candidate(session)
        except SQLAlchemyError:
            return
        known = None if self.candidate is None else self.candidate.network_id
        if wanted is None:
            is_busy = self.current.turn is not None or (self._preparing is not None and self._preparing.is_alive())
            self.candidate = self.candidate if is_busy else None
        elif wanted not in (known, self.current.network.network_id):
            self._begin_to_prepare(wanted)
