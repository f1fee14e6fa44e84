"""Where parts run: Dask, in threads of this process by default, on a cluster by the address of its scheduler.

The same function runs in both, so results are the same. A lost worker's parts are run again by others; the packed
scene is a result like any other and is rebuilt where it was lost.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from fom.errors import FomError, ServiceUnreachable
from fom.services.analyses.catalogue import run_part
from fom.services.analyses.scene import PackedScene

CONNECT_S = 5.0
_LOOPBACK = "127.0.0.1:0"
"""Dask always opens a port for its own state; of a local one nobody else may see it."""
STEP_S = 0.5
"""How often progress is told and the wish to go on is asked."""


class Cluster:
    """One connection to Dask, opened with the first analysis. Any thread may call."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._client: Any = None
        self._lock = threading.Lock()

    @property
    def is_local(self) -> bool:
        """Return whether parts run in this process."""
        return not self.address

    def run(
        self, packed: PackedScene, analysis: str, parts: Sequence[Any], *, told: Callable[[int], bool]
    ) -> list[Any] | None:
        """Return the results of all parts in order; `told` hears how many are done and says whether to go on.

        None when it was told to stop.

        Raises
        ------
        ServiceUnreachable
            No scheduler, no worker, or a part failed.
        """
        import distributed
        from distributed import CancelledError
        from distributed.scheduler import KilledWorker

        wait: Any = distributed.wait

        with self._connected() as client, client.as_current():
            held = client.submit(_hold, packed, key=f"fom-scene-{packed.key}", pure=True)
            futures = [client.submit(run_part, held, analysis, part, pure=False) for part in parts]
            try:
                waiting = set(futures)
                while waiting:
                    try:
                        done = wait(waiting, timeout=STEP_S, return_when="FIRST_COMPLETED").done
                    except TimeoutError:
                        done = set()
                    waiting -= done
                    failed = next((f for f in done if f.status != "finished"), None)
                    if failed is not None:
                        raise ServiceUnreachable(_words(failed.exception()))
                    if waiting and not self.is_local and client.status != "running":
                        raise ServiceUnreachable(f"the connection to the Dask scheduler at {self.address} was lost")
                    if not told(len(parts) - len(waiting)):
                        return None
                return list(client.gather(futures))
            except (CancelledError, KilledWorker) as lost:
                raise ServiceUnreachable(f"workers were lost again and again: {lost}") from lost
            finally:
                client.cancel([f for f in futures if f.status == "pending"])

    def close(self) -> None:
        """End the connection, and the threads of a local one."""
        with self._lock:
            if self._client is not None:
                logging.getLogger("distributed").setLevel(logging.CRITICAL)  # its parts miss each other while ending
                self._client.close()
                self._client = None

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        with self._lock:
            if self._client is None or self._client.status != "running":
                self._client = _connect(self.address)
            client = self._client
        try:
            yield client
        except OSError as lost:
            raise ServiceUnreachable(f"the Dask scheduler at {self.address} does not answer: {lost}") from lost


def _connect(address: str) -> Any:
    import dask
    import distributed

    open_client: Any = distributed.Client
    dask.config.set({"distributed.scheduler.allowed-failures": 5, "distributed.worker.daemon": True})
    logging.getLogger("distributed").setLevel(logging.ERROR)  # it tells every task at length
    if not address:
        threads = max(1, (os.cpu_count() or 2) - 1)  # one is left for those who look at the map
        return open_client(
            processes=False,
            n_workers=1,
            threads_per_worker=threads,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": _LOOPBACK},
            worker_dashboard_address=_LOOPBACK,
            set_as_default=False,
        )
    try:
        return open_client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as missing:
        raise ServiceUnreachable(f"the Dask scheduler at {address} does not answer") from missing


def _hold(packed: PackedScene) -> PackedScene:
    return packed


def _words(failed: BaseException | None) -> str:
    if isinstance(failed, FomError):
        return str(failed)
    if isinstance(failed, ModuleNotFoundError):
        return f"a Dask worker has not this program installed: {failed}"
    name = type(failed).__name__
    if name == "KilledWorker":
        return "a part was lost with its worker again and again; a worker may have too little memory"
    return f"a part failed: {name}: {str(failed)[:200]}"
