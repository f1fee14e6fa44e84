"""Ask for an analysis, or how far it is; what the viewer may not see of places and hazards is told as such."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from fom.domain.access import Actor, require, visible
from fom.domain.instants import MINUTE_US
from fom.errors import NotFound
from fom.services.analyses.catalogue import ANALYSES, Asked
from fom.services.analyses.jobs import AnalysisJobs, Progress
from fom.services.picture_host import PictureHost

SLOT_US = 5 * MINUTE_US
"""A question about now is asked of the begin of a slot, or of the last change: so all who look share one job."""
PATIENCE_S = 1.5
"""How long an answer is waited for before progress is told."""
ACTIONS: Mapping[str, str] = MappingProxyType(
    {name: "read_picture" if name in ("isolation", "history") else "read_analyses" for name in ANALYSES}
)
"""Analysis -> what its reader must be permitted. A list of critical roads is also a list of targets."""
RESTRICTED = "restricted, contact JOC"


def ask_analysis(
    host: PictureHost,
    jobs: AnalysisJobs,
    analysis: str,
    *,
    at: int | None = None,
    known_at: int | None = None,
    profile: str = "P3",
    user_class: str = "mission_military",
    actor: Actor,
) -> Progress:
    """Return the answer of an analysis, or how far its job is; times None = now.

    Raises
    ------
    NotFound
        No such analysis.
    InvalidInput
        An unknown profile or user class.
    NotPermitted
        The actor may not see it.
    """
    if analysis not in ANALYSES:
        raise NotFound("analysis", analysis[:40])
    require(actor, ACTIONS[analysis])
    now = max(host.changed_at, host.now() // SLOT_US * SLOT_US)
    question = host.question(now if at is None else at, now if known_at is None else known_at, profile, user_class)
    asked = Asked(analysis, question.at, question.known_at, profile, user_class, host.network.network_id, host.version)
    return _shown(jobs.ask(asked, patience_s=PATIENCE_S), host, actor)


def follow_analysis(host: PictureHost, jobs: AnalysisJobs, job_id: str, *, actor: Actor) -> Progress:
    """Return how far a job is, with the answer when it is done; a job that nobody is at any more begins again.

    Raises
    ------
    NotFound
        No id of a job, or one of another network.
    NotPermitted
        The actor may not see that analysis.
    """
    asked = Asked.of(job_id)
    require(actor, ACTIONS[asked.analysis])
    host.question(asked.at, asked.known_at, asked.profile, asked.user_class)
    return _shown(jobs.ask(asked), host, actor)


def _shown(progress: Progress, host: PictureHost, actor: Actor) -> Progress:
    if progress.answer is None:
        return progress
    return replace(progress, answer=_disclosed(progress.answer, host, actor))


def _disclosed(value: Any, host: PictureHost, actor: Actor) -> Any:
    """Return an answer without what tells of rows and records that the actor may not see; figures stay."""
    if isinstance(value, list):
        if not value or not isinstance(value[0], dict | list):
            return value
        return [_disclosed(item, host, actor) for item in value]
    if not isinstance(value, dict):
        return value
    if "id" in value and not visible(actor, host.access_of(str(value["id"]))):
        return dict.fromkeys(value) | {"id": "restricted"} | ({"name": RESTRICTED} if "name" in value else {})
    return {name: item if name == "geometry" else _disclosed(item, host, actor) for name, item in value.items()}
