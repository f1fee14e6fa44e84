"""Puts a batch to a service and finds the histories on which it and the oracle disagree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.oracle.batches import Batch, own_part
from tests.oracle.compare import differences, greener
from tests.oracle.documents import Record
from tests.oracle.histories import History

Service = Callable[..., dict[str, Any]]
"""`assess_documents(network, facts, *, at, known_at, profile, user_class)`."""


class Disagreement(NamedTuple):
    """One history of a batch, the differences as lines, and those of them that show too good a state."""

    batch: Batch
    history: History
    lines: list[str]
    greener: list[str]


def service() -> Service:
    """Return the service's assessment of two documents."""
    from fom.services.assessing import assess_documents

    assess: Service = assess_documents
    return assess


def check_batch(batch: Batch, assess: Service) -> list[Disagreement]:
    """Return the disagreements on one batch; a service that fails on the whole is asked about each history alone."""
    network, facts = batch.documents()
    try:
        answer = assess(network, facts, **batch.setting.question)
    except Exception as problem:
        return [d for h in batch.histories for d in check_alone(batch, h, assess)] or [
            Disagreement(batch, batch.histories[0], [f"only the whole document fails: {problem!r}"], [])
        ]
    out = []
    for history in batch.histories:
        part = own_part(answer, history.prefix)
        lines = differences(history.answer, part)
        if lines:
            out.append(Disagreement(batch, history, lines, greener(history.answer, part)))
    if not out:
        out.extend(Disagreement(batch, batch.histories[0], [line], []) for line in whole_differences(batch, answer))
    return out


def check_alone(batch: Batch, history: History, assess: Service) -> list[Disagreement]:
    """Return the disagreement on one history in a document of its own, if any."""
    network, facts = batch.documents([history])
    try:
        answer = assess(network, facts, **batch.setting.question)
    except Exception as problem:
        return [Disagreement(batch, history, [f"the service fails: {problem!r}"], [])]
    lines = differences(history.answer, answer)
    return [Disagreement(batch, history, lines, greener(history.answer, answer))] if lines else []


def whole_differences(batch: Batch, answer: dict[str, Any]) -> list[str]:
    """Return what is wrong with the document as a whole: missing or foreign rows, or rows out of order."""
    out = []
    rows = [(r["segment_id"], 0 if r["direction"] == "forward" else 1) for r in answer["segments"]]
    if len(rows) != sum(len(h.answer["segments"]) for h in batch.histories):
        out.append(f"the document has {len(rows)} rows")
    lists = (rows, [r["route_id"] for r in answer["routes"]], answer["unplaced"], [r["id"] for r in answer["refused"]])
    out.extend(f"not sorted: {some}" for some in lists if some != sorted(some))
    return out


def count_records(batch: Batch) -> int:
    """Return the number of dated records in a batch."""
    return sum(Record(f).kind != "route" for h in batch.histories for f in h.features)
