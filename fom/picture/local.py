"""States of some segments at one moment, kept up while the picture changes: what many suppositions are asked about.

What lies on the segments is worked out once; each change costs no more than the records that it moves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fom.domain.knowledge import Knowledge
from fom.domain.spans import at_tick
from fom.picture.assessment import Assessment
from fom.picture.case import Case
from fom.picture.picture import Picture
from fom.picture.question import Question

Ints = NDArray[np.int64]


class LocalStates:
    """States of m segments for one question; the picture is one that nobody else changes, such as a copy."""

    def __init__(self, picture: Picture, question: Question, segments: Ints) -> None:
        self._picture, self._question = picture, question
        self.segments: Ints = np.unique(np.asarray(segments, dtype=np.int64))
        """(m,) segment numbers, ascending."""
        self._start()

    def _start(self) -> None:
        picture, question = self._picture, self._question
        with picture.lock:
            basis = picture.moving_basis()
            self._knowledge = Knowledge(basis.ledger, question.known_at, picture.policy)
            self._case = Case(basis, self._knowledge, question.profile, question.user_class)
            self._case.put_on(self.segments)
            self._version = picture.version

    def assess(self, segments: Ints) -> Assessment:
        """Return the assessment of (k,) segments, all of them among these, each once; as `Picture.assess` of now."""
        picture = self._picture
        with picture.lock:
            self._catch_up()
            only_at = at_tick(self._question.at)
            return Assessment(self._question, picture.contributions(self._case, segments, only_at=only_at))

    def _catch_up(self) -> None:
        """Work out again the phases of the records that changes moved."""
        changes = self._picture.changes_since(self._version)
        if changes is None:
            self._start()
            return
        self._version = self._picture.version
        moved = {record.id: record for records, _ in changes for record in records}
        if moved:
            self._knowledge.move(self._question.known_at, moved)
            self._case.follow(moved)
