"""The analysis jobs of this process, begun with the first question."""

from __future__ import annotations

from flask import current_app

from fom.services.analyses.jobs import AnalysisJobs
from fom.web.edge import edge

_KEY = "fom.analysis_jobs"


def analysis_jobs() -> AnalysisJobs:
    """Return the jobs of the application that answers this request."""
    if _KEY not in current_app.extensions:
        parts = edge()
        jobs = AnalysisJobs(
            lambda: parts.host, parts.database, parts.config.data / "analyses", address=parts.config.dask
        )
        if current_app.extensions.setdefault(_KEY, jobs) is jobs:
            parts.closers.append(jobs.close)
    found: AnalysisJobs = current_app.extensions[_KEY]
    return found
