"""P: damage, floods, and limits recorded, reported or left by a repair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oracle.documents import Record
from tests.oracle.ground import INFINITE, SLACK
from tests.oracle.knowledge import act_of
from tests.oracle.states import AMBER, BLACK, GREEN, GREY, Reason, capped, lowered

if TYPE_CHECKING:
    from tests.oracle.row import Row


def physical(row: Row, t: int, erroneous: frozenset[str]) -> list[Reason]:
    """Return the reasons P1 to P5."""
    worst: dict[tuple[str, str, str | None], tuple[int, float | None]] = {}

    def add(subject: str, rule: str, source: str | None, state: int, confidence: float | None) -> None:
        key = subject, rule, source
        worst[key] = max(worst.get(key, (GREEN, confidence)), (state, confidence), key=lambda pair: pair[0])

    for rule, state in _limits(row, row.segment.limits, False):
        add("segment", rule, None, state, None)
    for rule, state in _axle(row):
        add("segment", rule, None, state, None)
    for asset in row.segment.assets:
        for rule, state in _limits(row, asset.get("limits") or {}, False):
            add(asset["asset_id"], rule, None, state, None)
        if not has_required_limit(asset):
            add(asset["asset_id"], "P4", None, _unknown(row), None)
    for f in row.physicals:
        if t < f.eff:
            continue
        subject, coarse = f.p.get("asset") or "segment", row.is_coarse(f)
        acts = row.knowledge.acts_on.get(f.id, ())
        repairs = [a for a in acts if act_of(a) == "repaired" and f.eff <= a.eff <= t]
        if repairs:
            repair = max(repairs, key=lambda a: (a.eff, a.id))
            for rule, state in _repair_limits(row, repair, f):
                add(subject, rule, repair.id, lowered(state) if coarse else state, None)
        if repairs or f.id in erroneous:
            continue
        level, c = row.knowledge.level(f, erroneous), row.knowledge.confidence(f, erroneous)
        found = _limits(row, f.p.get("limits") or {}, True)
        if not _is_crossed(row, f, t):
            found.extend(_damage(row, f))
        for rule, state in found:
            state = capped(state, level)
            add(subject, rule, f.id, lowered(state) if coarse else state, c)
    return [
        Reason("physical", rule, state, [source] if source else [], c, subject)
        for (subject, rule, source), (state, c) in worst.items()
    ]


def _unknown(row: Row) -> int:
    return AMBER if row.profile["mass_t"] <= row.policy["light_mass_t"] else GREY


def _limits(row: Row, limits: dict[str, float | None], null_is_unknown: bool) -> list[tuple[str, int]]:
    out = []
    for name, value in limits.items():
        if value is None:
            if null_is_unknown:
                out.append(("P4", _unknown(row)))
            continue
        need = row.profile["ford_depth_m"] if name == "depth_m" else row.profile[name]
        r = ratio(value, need) if name == "depth_m" else ratio(need, value)
        if r > 1:
            out.append(("P2", BLACK))
        elif r >= row.policy["limit_amber"] - SLACK:
            out.append(("P3", AMBER))
    return out


def _axle(row: Row) -> list[tuple[str, int]]:
    """Judge the axle limit of the road; a vehicle whose axles nobody stated bears at most its whole mass on one."""
    limit, load = row.segment.p.get("axle_t"), row.profile.get("axle_t")
    if limit is None:
        return []
    if load is None:
        is_near = ratio(row.profile["mass_t"], limit) >= row.policy["limit_amber"] - SLACK
        return [("P4", _unknown(row))] if is_near else []
    r = ratio(load, limit)
    if r > 1:
        return [("P2", BLACK)]
    return [("P3", AMBER)] if r >= row.policy["limit_amber"] - SLACK else []


def _repair_limits(row: Row, repair: Record, f: Record) -> list[tuple[str, int]]:
    limits = repair.p.get("limits") or {}
    out = _limits(row, limits, True)
    weakens = f.p["damage"] in ("destroyed", "washed_out", "damaged")
    if weakens and limits.get("mlc") is None and limits.get("mass_t") is None:
        out.append(("P4", _unknown(row)))
    return out


def _damage(row: Row, f: Record) -> list[tuple[str, int]]:
    damage, depth = f.p["damage"], f.p.get("depth_m")
    if damage in ("destroyed", "washed_out", "blocked"):
        return [("P1", BLACK)]
    if damage == "flooded" and (depth is None or ratio(depth, row.profile["ford_depth_m"]) > 1):
        return [("P1", BLACK)]
    return [("P5", AMBER)] if damage in ("flooded", "damaged") else []


def _is_crossed(row: Row, f: Record, t: int) -> bool:
    names = {f.id, f.p.get("asset")}
    return any(
        f.eff < v.eff <= t and row.judge.fits(v.p.get("passed")) and names.intersection(v.p.get("crossed") or ())
        for v in row.judge.proofs
    )


def has_required_limit(asset: dict[str, Any]) -> bool:
    """Return whether an asset has the limit that its type requires."""
    limits = {name for name, value in (asset.get("limits") or {}).items() if value is not None}
    required: dict[str, set[str]] = {"tunnel": {"height_m"}, "ford": {"depth_m"}, "pass": set()}
    if asset["type"] in required:
        return required[asset["type"]] <= limits
    return bool(limits & {"mlc", "mass_t"})


def ratio(need: float, limit: float) -> float:
    """Return need / limit, infinite over a limit of nothing."""
    return need / limit if limit else (INFINITE if need else 0.0)
