"""Analyses of the whole network: the answer where it is at hand, else 202 with a job to follow."""

from __future__ import annotations

from typing import Any, Literal

from flask import jsonify, url_for
from pydantic import BaseModel, ConfigDict, Field

from fom.services.analyses.asking import ask_analysis, follow_analysis
from fom.services.analyses.jobs import DONE, FAILED, Progress
from fom.web.access import allows, current_actor
from fom.web.alerting import note_analysis
from fom.web.analysis_jobs import analysis_jobs
from fom.web.api import MISSING, family
from fom.web.api.shapes import Asking, InstantText
from fom.web.edge import edge
from fom.web.errors import problem

api = family("analysis", "Isolation, critical roads, clearance order, gain of a base, road by state over months")

RETRY_S = 1


class AnalysisAnswer(BaseModel):
    """An answer, `fom-analysis/1` of docs/analyses.md; its own members by analysis."""

    model_config = ConfigDict(extra="allow")

    format: Literal["fom-analysis/1"]
    analysis: str
    at: InstantText
    known_at: InstantText
    profile: str
    user_class: str
    network: str
    version: int


class Job(BaseModel):
    """How far a job is."""

    job: str
    state: Literal["running", "waiting"]
    done: int = Field(description="Parts done")
    parts: int = Field(description="Parts in all, 0 while it is being prepared")


class JobPath(BaseModel):
    """Which job."""

    job_id: str = Field(min_length=1, max_length=400, pattern=r"^[A-Za-z0-9_\-]+$")


ANSWERS: dict[Any, Any] = {"200": AnalysisAnswer, "202": Job}


@api.get("/analysis/isolation", responses=ANSWERS)
@allows("read_picture")
def get_isolation(query: Asking) -> Any:
    """Return the communities without a verified way of four hours to a service hub for two days."""
    return _ask("isolation", query)


@api.get("/analysis/criticality", responses=ANSWERS)
@allows("read_analyses")
def get_criticality(query: Asking) -> Any:
    """Return the road links whose closing cuts people off, and those whose closing costs most person-hours."""
    return _ask("criticality", query)


@api.get("/analysis/clearance-priority", responses=ANSWERS)
@allows("read_analyses")
def get_clearance_priority(query: Asking) -> Any:
    """Return explosive hazards, alone and in series, by people regained for each team-day."""
    return _ask("clearance-priority", query)


@api.get("/analysis/tob-gain", responses=ANSWERS)
@allows("read_analyses")
def get_tob_gain(query: Asking) -> Any:
    """Return the places where a base would bring most people and key-route kilometres within two hours."""
    return _ask("tob-gain", query)


@api.get("/analysis/history", responses=ANSWERS)
@allows("read_picture")
def get_history(query: Asking) -> Any:
    """Return metres of road by state for each of the last ninety days, as known then."""
    return _ask("history", query)


@api.get("/analysis/jobs/<job_id>", responses={**ANSWERS, **MISSING})
@allows("read_picture")
def get_job(path: JobPath) -> Any:
    """Return how far a job is, and its answer when it is done; a job that nobody asks for ends after a minute."""
    return _told(follow_analysis(edge().host, analysis_jobs(), path.job_id, actor=current_actor()))


def _ask(analysis: str, query: Asking) -> Any:
    progress = ask_analysis(
        edge().host,
        analysis_jobs(),
        analysis,
        at=query.at,
        known_at=query.known_at,
        profile=query.profile,
        user_class=query.user_class,
        actor=current_actor(),
    )
    return _told(progress)


def _told(progress: Progress) -> Any:
    if progress.state == DONE:
        note_analysis(progress.answer or {})
        return jsonify(progress.answer)
    if progress.state == FAILED:
        return problem(503, "analysis_failed", f"The analysis could not be computed: {progress.trouble}.")
    told = {"job": progress.job_id, "state": progress.state, "done": progress.done, "parts": progress.parts}
    answer = jsonify(told)
    answer.status_code = 202
    answer.headers["Location"] = url_for("api_analysis.get_job", job_id=progress.job_id)
    answer.headers["Retry-After"] = str(RETRY_S)
    return answer
