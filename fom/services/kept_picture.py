"""Records and their bindings kept beside the network, so that a worker starts without parsing and binding them again.

Derived data: nothing is lost with it, and nothing in it is taken for true that the database does not confirm
(`history_mark`, and some records compared word by word). What came since is read from the database.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from fom.domain.access import Access
from fom.domain.plain_records import record_from_plain, record_to_plain
from fom.domain.policy import Policy
from fom.domain.records import Record, Verification
from fom.domain.shelf import Shelf, Texts, write_place
from fom.errors import FomError
from fom.network.network import Network
from fom.picture.bindings import PAIR_NAMES
from fom.picture.kept_bindings import KeptBindings, binding_key, value_names
from fom.picture.pairs import KeptPairs
from fom.picture.picture import Picture
from fom.services.former_networks import FormerNetworks
from fom.services.history_mark import mark_of
from fom.services.kept_files import alone, read_content, read_manifest, write_content
from fom.services.record_access import RecordAccess
from fom.store.database import Database
from fom.store.records import find_records, list_known

log = logging.getLogger(__name__)
FOLDER = "kept"
KEEP_AFTER = 500
"""Records that came since; they cost a start a second or so."""
COMPARED = 24
"""Records compared with the database at each start."""
SHELF_COLUMNS = ("ids", "by_id", "received", "eff", "sort", "is_spoken_of")
BROKEN = (FomError, OSError, ValueError, KeyError, TypeError, IndexError)
"""What reading something damaged may raise."""


@dataclass(frozen=True)
class Loaded:
    """What a picture starts from: what was kept, and the records that came since (or all)."""

    kept: KeptBindings | None
    records: Sequence[Record]
    access: RecordAccess

    @property
    def received(self) -> int:
        """Return the last receipt of all, microseconds; 0 when there is none."""
        newest = max((record.received or 0 for record in self.records), default=0)
        if self.kept is not None:
            loose = max((record.received or 0 for record in self.kept.records), default=0)
            newest = max(newest, loose, int(self.kept.shelf.received.max(initial=0)))
        return newest


class KeptPicture:
    """What is kept of one network under the policy it was bound with. Without a folder nothing is."""

    def __init__(self, folder: Path | None, network: Network, policy: Policy) -> None:
        """`folder` is that of the network."""
        self._root = None if folder is None else folder / FOLDER / binding_key(network, policy)
        self._n_segments = network.n_segments
        self._thread: threading.Thread | None = None
        self._n_kept = 0

    def load(self, session: Session, names: FormerNetworks) -> Loaded:
        """Return the records of the database, as far as possible from what is kept.

        `names` reads what records name on the network; of those kept it is told again what does not read as written.
        """
        found = self._find(session, names)
        after = 0 if found is None else found[0]
        kept, access = (None, RecordAccess()) if found is None else found[1:]
        self._n_kept = 0 if kept is None else len(kept.records) + len(kept.shelf)
        records = []
        for row in list_known(session, after=after):
            records.append(names.record_of(row))
            access.own[row.id] = Access(row.classification, row.area, row.by)
        return Loaded(kept, records, access)

    def _find(self, session: Session, names: FormerNetworks) -> tuple[int, KeptBindings, RecordAccess] | None:
        """Return the change up to which something is kept, and that; None for another history, or damage."""
        found = None if self._root is None else read_manifest(self._root)
        if found is None:
            return None
        try:
            folder, manifest = found
            number = int(manifest["mark"]["change"])
            mark = mark_of(session, number)
            if mark is None or mark.members() != manifest["mark"]:
                log.warning("what was kept is of another history; all records are read again")
                return None
            arrays, text = read_content(folder, manifest)
            kept, access = _read(arrays, text, self._n_segments)
            for row in find_records(session, text["carried"]):
                names.record_of(row)
            if not _agree(session, kept, names):
                log.warning("a kept record differs from the database; all records are read again")
                return None
        except BROKEN as problem:
            log.warning("what was kept cannot be used (%s); all records are read again", problem)
            return None
        return number, kept, access

    def is_due(self, picture: Picture) -> bool:
        """Return whether so much came since that it should be kept."""
        is_busy = self._thread is not None and self._thread.is_alive()
        return self._root is not None and not is_busy and picture.n_records - self._n_kept >= KEEP_AFTER

    def renew(
        self, database: Database, picture: Picture, number: int, access: RecordAccess, carried: Sequence[str]
    ) -> bool:
        """Keep a picture as of a change, unless another process does; return whether this one did.

        `carried`: ids of records that do not read as they were written (`FormerNetworks`).

        The picture must be a copy that nobody changes.
        """
        if self._root is None:
            return False
        self._n_kept = picture.n_records  # whoever keeps now, nothing is due before more has come
        with alone(self._root) as is_alone:
            if not is_alone:
                return False
            with database.reading() as session:
                mark = mark_of(session, number)
            if mark is None:
                return False
            before = read_manifest(self._root)
            is_newer = before is None or before[1].get("mark") != mark.members()
            if is_newer:
                kept = picture.keep(mark.at)
                write_content(self._root, {"mark": mark.members()}, _arrays(kept, access), _text(kept, access, carried))
            return is_newer

    def renew_later(
        self, database: Database, picture: Picture, number: int, access: RecordAccess, carried: Sequence[str]
    ) -> None:
        """Begin `renew` in a thread of its own."""
        self._thread = threading.Thread(
            target=self._renew, args=(database, picture, number, access, carried), name="fom-keep", daemon=True
        )
        self._thread.start()

    def _renew(
        self, database: Database, picture: Picture, number: int, access: RecordAccess, carried: Sequence[str]
    ) -> None:
        try:
            self.renew(database, picture, number, access, carried)
        except Exception:
            log.exception("the picture could not be kept")


def _agree(session: Session, kept: KeptBindings, names: FormerNetworks) -> bool:
    """Return whether some records, spread over all of them, are in the database as they were kept."""
    numbers = np.unique(np.linspace(0, len(kept.shelf) - 1, COMPARED // 2).astype(int)) if len(kept.shelf) else ()
    loose = kept.records[:: max(1, len(kept.records) // (COMPARED // 2))]
    chosen = {record.id: record for record in (*loose, *(kept.shelf.record(int(number)) for number in numbers))}
    rows = {row.id: names.record_of(row) for row in find_records(session, chosen)}
    return rows == chosen


def _access_kinds(kept: KeptBindings, access: RecordAccess) -> tuple[list[Access], list[int], NDArray[np.int32]]:
    """Return the different answers, and which of them each loose record and each passage on the shelf has."""
    kinds = {kind: number for number, kind in enumerate(access.kinds)}
    loose = [kinds.setdefault(access.own[record.id], len(kinds)) for record in kept.records]
    first = len(access.kind_of)
    new = [kinds.setdefault(access.own[kept.shelf.id_of(n)], len(kinds)) for n in range(first, len(kept.shelf))]
    return list(kinds), loose, np.concatenate([access.kind_of, np.array(new, np.int32)]).astype(np.int32)


def _text(kept: KeptBindings, access: RecordAccess, carried: Sequence[str]) -> dict[str, Any]:
    kinds, loose, _ = _access_kinds(kept, access)
    return {
        "records": [record_to_plain(record) for record in kept.records],
        "sorts": [record_to_plain(sort) for sort in kept.shelf.sorts],
        "owners": kept.owners,
        "finds_near": kept.finds_near,
        "access_kinds": [asdict(kind) for kind in kinds],
        "access": loose,
        "carried": list(carried),
    }


def _arrays(kept: KeptBindings, access: RecordAccess) -> Iterator[tuple[str, NDArray[Any]]]:
    shelf = kept.shelf
    for name in SHELF_COLUMNS:
        yield f"shelf_{name}", getattr(shelf, name)
    yield "shelf_access", _access_kinds(kept, access)[2]
    places = Texts.of(write_place(record.geometry) for record in kept.records)
    for name, texts in (("shelf_bodies", shelf.bodies), ("shelf_places", shelf.places), ("loose_places", places)):
        yield name, texts.data
        yield f"{name}_start", texts.start
    for name, pairs in kept.pairs.items():
        yield f"{name}_start", pairs.start
        yield f"{name}_place_start", pairs.place_start
        yield f"{name}_place_row", pairs.place_row
        for column in value_names(name):
            yield f"{name}_{column}", pairs.columns[column]


def _read(arrays: Mapping[str, NDArray[Any]], text: Any, n_segments: int) -> tuple[KeptBindings, RecordAccess]:
    sorts = tuple(_sort(plain) for plain in text["sorts"])
    columns: dict[str, Any] = {name: arrays[f"shelf_{name}"] for name in SHELF_COLUMNS}
    bodies, places = (_texts(arrays, f"shelf_{name}") for name in ("bodies", "places"))
    shelf = Shelf(**columns, sorts=sorts, bodies=bodies, places=places)
    pairs = {name: _pairs(arrays, name, n_segments) for name in PAIR_NAMES}
    records = list(_loose(text["records"], _texts(arrays, "loose_places")))
    kept = KeptBindings(records, shelf, pairs, text["owners"], text["finds_near"])
    kinds = [Access(**kind) for kind in text["access_kinds"]]
    own = {record.id: kinds[number] for record, number in zip(records, text["access"], strict=True)}
    return kept, RecordAccess(own, shelf, kinds, arrays["shelf_access"])


def _sort(plain: Mapping[str, Any]) -> Verification:
    sort = record_from_plain(plain, None)
    if not isinstance(sort, Verification):
        raise ValueError(f"a sort of passages is of kind {sort.kind}")
    return sort


def _texts(arrays: Mapping[str, NDArray[Any]], name: str) -> Texts:
    return Texts(arrays[name], arrays[f"{name}_start"])


def _pairs(arrays: Mapping[str, NDArray[Any]], name: str, n_segments: int) -> KeptPairs:
    start = arrays[f"{name}_start"]
    if len(start) != n_segments + 1:
        raise ValueError(f"{name}: bound to a network of {len(start) - 1} segments")
    columns = {column: arrays[f"{name}_{column}"] for column in value_names(name)}
    return KeptPairs(start, columns, arrays[f"{name}_place_start"], arrays[f"{name}_place_row"])


def _loose(plain: Sequence[Mapping[str, Any]], places: Texts) -> Iterable[Record]:
    data, start = places.data.tobytes(), places.start.tolist()
    wkb = [data[a:b] if b > a else None for a, b in pairwise(start)]
    for one, geometry in zip(plain, shapely.from_wkb(np.array(wkb, object)).tolist() if wkb else (), strict=True):
        yield record_from_plain(one, geometry)
