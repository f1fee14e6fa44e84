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
    limits, names = network.segment_limits
    stated = np.flatnonzero(~np.isnan(limits).all(axis=1))
    item, own_rule, own_state = _verdicts(limits[stated], None, names, profile, policy)
    of_asset = _verdicts(network.asset_limits, network.asset_type, ASSET_LIMIT_NAMES, profile, policy)
    owner, place = expand_ranges(network.asset_start[:-1], np.diff(network.asset_start))
    assets = network.asset_of[place].astype(np.int64)
    first, last = (np.searchsorted(of_asset[0], assets, side=side) for side in ("left", "right"))
    at, verdict = expand_ranges(first, last - first)
    segment = np.concatenate([stated[item], owner[at]]).astype(np.int64)
    asset = np.concatenate([np.full(len(item), -1, np.int64), assets[at]])
    rule = np.concatenate([own_rule, of_asset[1][verdict]])
    state = np.concatenate([own_state, of_asset[2][verdict]])
    order = np.lexsort((rule, asset, segment))
    worst = np.zeros(network.n_segments, dtype=np.uint8)
    np.maximum.at(worst, segment, state)
    return RecordedLimits(segment[order], asset[order], rule[order].astype(object), state[order], worst, network)


def _verdicts(
    limits: NDArray[np.float64],
    types: NDArray[np.uint8] | None,
    names: tuple[str, ...],
    profile: Profile,
    policy: Policy,
) -> tuple[Ints, NDArray[np.str_], NDArray[np.uint8]]:
    """Return (row, rule, state) of every row of limits, by row, asking the rules once per different row."""
    keys = np.column_stack([np.zeros(len(limits)) if types is None else types, np.nan_to_num(limits, nan=-1.0)])
    kinds, kind_of = np.unique(keys, axis=0, return_inverse=True)
    rules, states, first = [], [], [0]
    for kind in kinds:
        stated = {name: float(value) for name, value in zip(names, kind[1:], strict=True) if value >= 0}
        asset_type = None if types is None else ASSET_TYPES[int(kind[0])]
        verdicts = recorded_verdicts(stated, asset_type, profile, policy)
        rules += list(verdicts)
        states += list(verdicts.values())
        first.append(len(rules))
    start, kind_of = np.array(first, np.int64), kind_of.ravel()
    row, verdict = expand_ranges(start[kind_of], np.diff(start)[kind_of])
    return row, np.array(rules, "U8")[verdict], np.array(states, np.uint8)[verdict]


def all_limits_known(network: Network) -> NDArray[np.bool_]:
    """Return (n,) whether a segment's class or mass, width and height are recorded, and each asset's required limit.

    Source: facts format, section 3, class rule (b).
    """
    is_stated = ~np.isnan(network.limits)
    of = {name: is_stated[:, i] for i, name in enumerate(LIMIT_NAMES)}
    known: NDArray[np.bool_] = (of["mlc"] | of["mass_t"]) & of["width_m"] & of["height_m"]
    if len(network.asset_of):
        is_known = np.ones(len(network.asset_ids), np.bool_)
        has_limit = ~np.isnan(network.asset_limits)
        for kind, word in enumerate(ASSET_TYPES):
            if REQUIRED[word]:
                columns = [ASSET_LIMIT_NAMES.index(name) for name in REQUIRED[word]]
                is_known &= (network.asset_type != kind) | has_limit[:, columns].any(axis=1)
        owner, place = expand_ranges(network.asset_start[:-1], np.diff(network.asset_start))
        known[owner[~is_known[network.asset_of[place]]]] = False
    return known
