"""Limits recorded in the network, for one profile: which segments they close, slow or leave unknown.

The rules are those of `domain.physical`; they are asked once for every different combination of limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.domain.phases import SEGMENT
from fom.domain.physical import REQUIRED, recorded_verdicts
from fom.domain.policy import Policy
from fom.domain.profiles import Profile
from fom.domain.states import State
from fom.network.network import ASSET_LIMIT_NAMES, ASSET_TYPES, LIMIT_NAMES, Network
from fom.picture.ranges import expand_ranges

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class RecordedLimits:
    """Verdicts of recorded limits for one profile: one row per segment, subject and rule that is worse than GREEN."""

    segment: Ints
    """(v,) ascending."""
    asset: Ints
    """(v,) asset number, -1 = the segment itself."""
    rule: NDArray[np.object_]
    state: NDArray[np.uint8]
    worst: NDArray[np.uint8]
    """(n,) the worst state for each segment."""
    network: Network

    def of(self, segment: int) -> list[tuple[str, str, State]]:
        """Return (subject, rule, state) for one segment."""
        low, high = np.searchsorted(self.segment, [segment, segment + 1])
        return [
            (
                SEGMENT if self.asset[i] < 0 else self.network.asset_id(int(self.asset[i])),
                self.rule[i],
                State(self.state[i]),
            )
            for i in range(low, high)
        ]


def recorded_limits(network: Network, profile: Profile, policy: Policy) -> RecordedLimits:
    """Return what the limits in the network mean for a profile."""
    stated = np.flatnonzero(~np.isnan(network.limits).all(axis=1))
    own = _verdicts(network.limits[stated], None, LIMIT_NAMES, profile, policy)
    of_asset = _verdicts(network.asset_limits, network.asset_type, ASSET_LIMIT_NAMES, profile, policy)
    owner, place = expand_ranges(network.asset_start[:-1], np.diff(network.asset_start))
    rows = [(int(stated[i]), -1, rule, state) for i, rule, state in own]
    by_asset: dict[int, list[tuple[str, State]]] = {}
    for asset, rule, state in of_asset:
        by_asset.setdefault(asset, []).append((rule, state))
    assets = network.asset_of[place]
    for at in np.flatnonzero(np.isin(assets, list(by_asset))).tolist():
        rows += [(int(owner[at]), int(assets[at]), rule, state) for rule, state in by_asset[int(assets[at])]]
    rows.sort(key=lambda row: row[:3])
    segment = np.array([row[0] for row in rows], dtype=np.int64)
    states = np.array([row[3] for row in rows], dtype=np.uint8)
    worst = np.zeros(network.n_segments, dtype=np.uint8)
    np.maximum.at(worst, segment, states)
    rules = np.array([row[2] for row in rows], dtype=object)
    return RecordedLimits(segment, np.array([row[1] for row in rows], dtype=np.int64), rules, states, worst, network)


def _verdicts(
    limits: NDArray[np.float64],
    types: NDArray[np.uint8] | None,
    names: tuple[str, ...],
    profile: Profile,
    policy: Policy,
) -> list[tuple[int, str, State]]:
    """Return (row, rule, state) of every row of limits, asking the rules once per different row."""
    if not len(limits):
        return []
    keys = np.column_stack([np.zeros(len(limits)) if types is None else types, np.nan_to_num(limits, nan=-1.0)])
    kinds, kind_of = np.unique(keys, axis=0, return_inverse=True)
    verdicts = []
    for kind in kinds:
        stated = {name: float(value) for name, value in zip(names, kind[1:], strict=True) if value >= 0}
        asset_type = None if types is None else ASSET_TYPES[int(kind[0])]
        verdicts.append(list(recorded_verdicts(stated, asset_type, profile, policy).items()))
    kind_of = kind_of.ravel()
    return [(int(i), rule, state) for i in range(len(limits)) for rule, state in verdicts[kind_of[i]]]


def all_limits_known(network: Network) -> NDArray[np.bool_]:
    """Return (n,) whether a segment's class or mass, width and height are recorded, and each asset's required limit.

    Source: facts format, section 3, class rule (b).
    """
    is_stated = ~np.isnan(network.limits)
    columns = {name: is_stated[:, i] for i, name in enumerate(LIMIT_NAMES)}
    known: NDArray[np.bool_] = (columns["mlc"] | columns["mass_t"]) & columns["width_m"] & columns["height_m"]
    if len(network.asset_of):
        is_known = np.array(
            [
                not REQUIRED[ASSET_TYPES[kind]]
                or any(not np.isnan(row[ASSET_LIMIT_NAMES.index(name)]) for name in REQUIRED[ASSET_TYPES[kind]])
                for kind, row in zip(network.asset_type, network.asset_limits, strict=True)
            ]
        )
        owner, place = expand_ranges(network.asset_start[:-1], np.diff(network.asset_start))
        known[owner[~is_known[network.asset_of[place]]]] = False
    return known
