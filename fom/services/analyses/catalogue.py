"""The analyses there are, and one part of one of them as it runs on any machine."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson

from fom.domain.instants import EARLIEST_US, LATEST_US
from fom.errors import NotFound
from fom.services.analyses import base_gain, clearance, criticality, history, isolation
from fom.services.analyses.scene import PackedScene, Scene, open_scene

FORMAT = "fom-analysis/1"


@dataclass(frozen=True, slots=True)
class Analysis:
    """Parts that do not depend on each other, what each gives, and the answer of all in their order."""

    parts: Sequence[Any]
    run: Callable[[Scene, Any], Any]
    merge: Callable[[Scene, list[Any]], dict[str, Any]]


ANALYSES: Mapping[str, Analysis] = MappingProxyType(
    {
        "isolation": Analysis(isolation.PARTS, isolation.run, isolation.merge),
        "criticality": Analysis(criticality.PARTS, criticality.run, criticality.merge),
        "clearance-priority": Analysis(clearance.PARTS, clearance.run, clearance.merge),
        "tob-gain": Analysis(base_gain.PARTS, base_gain.run, base_gain.merge),
        "history": Analysis(history.PARTS, history.run, history.merge),
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """An analysis of one question at one version of the picture. Its id says all of it, so any process can answer."""

    analysis: str
    at: int
    known_at: int
    profile: str
    user_class: str
    network: str
    version: int

    @property
    def job_id(self) -> str:
        """Return the id: the members, not a secret; who may read the answer is decided when it is read."""
        members = [self.analysis, self.at, self.known_at, self.profile, self.user_class, self.network, self.version]
        return base64.urlsafe_b64encode(orjson.dumps(members)).decode().rstrip("=")

    @classmethod
    def of(cls, job_id: str) -> Asked:
        """Return what an id asks; NotFound when it is no id of an analysis."""
        try:
            members = orjson.loads(base64.urlsafe_b64decode(job_id + "=" * (-len(job_id) % 4)))
            asked = cls(*members)
        except (binascii.Error, ValueError, TypeError):
            raise NotFound("analysis job", job_id[:40]) from None
        kinds = (str, int, int, str, str, str, int)
        values = (
            asked.analysis,
            asked.at,
            asked.known_at,
            asked.profile,
            asked.user_class,
            asked.network,
            asked.version,
        )
        is_sound = all(type(value) is kind for value, kind in zip(values, kinds, strict=True)) and all(
            EARLIEST_US <= moment <= LATEST_US for moment in (asked.at, asked.known_at)
        )
        if not is_sound or asked.analysis not in ANALYSES or asked.job_id != job_id:
            raise NotFound("analysis job", job_id[:40])
        return asked


def run_part(packed: PackedScene, analysis: str, part: Any) -> Any:
    """Return what one part of an analysis gives."""
    return ANALYSES[analysis].run(open_scene(packed), part)


def answer_of(asked: Asked, scene: Scene, results: list[Any]) -> dict[str, Any]:
    """Return the answer document `fom-analysis/1` of the results of all parts, in their order."""
    return {
        "format": FORMAT,
        "analysis": asked.analysis,
        **scene.question.members(),
        "network": asked.network,
        "version": asked.version,
        **ANALYSES[asked.analysis].merge(scene, results),
    }
