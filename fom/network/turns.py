"""Turn restrictions by map-data way into pairs of arcs that may not follow each other.

Kinds beginning with `no_` forbid the named turn, `only_` every other turn at the node. A restriction whose ways cannot
be told apart at its node (a way that runs through it) is counted as dropped, never guessed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from fom.network.chains import Chains
from fom.network.cutting import Segments
from fom.network.raw import TurnRule

NO_MEETING = "turn restrictions whose roads do not end at their node"


class _Junctions:
    """The arcs that enter and leave the nodes of turn rules, by map-data way."""

    def __init__(self, chains: Chains, segments: Segments, is_oneway: NDArray[np.bool_], nodes: Iterable[int]) -> None:
        self.entering: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        self.leaving: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        wanted = np.isin(segments.end_label, list(nodes))
        for segment, end in np.argwhere(wanted).tolist():
            node = int(segments.end_label[segment, end])
            way = int(chains.end_way[segments.chain[segment], end])
            towards, away = (2 * segment + 1, 2 * segment) if end == 0 else (2 * segment, 2 * segment + 1)
            for arc, side in ((towards, self.entering), (away, self.leaving)):
                if arc % 2 == 0 or not is_oneway[segment]:
                    side[node][way].append(arc)


def forbidden_turns(
    rules: Sequence[TurnRule],
    chains: Chains,
    segments: Segments,
    is_oneway: NDArray[np.bool_],
    dropped: Counter[str],
) -> NDArray[np.int64]:
    """Return (r, 2) arc numbers: after the first, the second may not follow. Rules that fit nothing are counted."""
    junctions = _Junctions(chains, segments, is_oneway, {r.via for r in rules})
    pairs: set[tuple[int, int]] = set()
    for rule in rules:
        found, why = _pairs(rule, junctions.entering[rule.via], junctions.leaving[rule.via])
        if why:
            dropped[why] += 1
        pairs |= found
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def _pairs(
    rule: TurnRule, entering: dict[int, list[int]], leaving: dict[int, list[int]]
) -> tuple[set[tuple[int, int]], str]:
    """Return forbidden pairs of one rule, or a reason why there are none."""
    if not rule.kind.startswith(("no_", "only_")):
        return set(), "turn restrictions of an unknown kind"
    sources = [entering.get(w, []) for w in rule.from_ways]
    targets = [leaving.get(w, []) for w in rule.to_ways]
    if any(len(arcs) > 1 for arcs in (*sources, *targets)):
        return set(), "turn restrictions at a way that runs through their node"
    before = {arcs[0] for arcs in sources if arcs}
    after = {arcs[0] for arcs in targets if arcs}
    if not before or not after:
        meet = all(any(w in entering or w in leaving for w in ways) for ways in (rule.from_ways, rule.to_ways))
        return set(), "turn restrictions that one-way traffic makes needless" if meet else NO_MEETING
    if rule.kind.startswith("only_"):
        after = {arc for arcs in leaving.values() for arc in arcs} - after
    return {(a, b) for a in before for b in after}, ""
