"""The grade that the desk proposes for a record nobody has judged, and what speaks for it. A person sets a grade.

Source: project judgement; never better than what the doctrine gives an authenticated passage (B2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fom.store.tables import RecordRow

OWN_PASSAGE = ("route_search", "engineer_recce", "own_patrol_traverse")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A grade, and a code for each half of it; the words are the template's."""

    grade: str
    source: str
    """`said` (the sender's own grade), `unit`, `known` or `unknown` sender."""
    information: str
    """`said`, `seen` (own passage), `heard` (an independent record of the same event is linked), or `single`."""

    def members(self) -> dict[str, Any]:
        """Return plain values."""
        return {"grade": self.grade, "source": self.source, "information": self.information}


def propose_grade(row: RecordRow, *, has_unit: bool, is_supported: bool) -> Proposal:
    """Return the grade proposed.

    Parameters
    ----------
    has_unit
        The report speaks for a unit of the mission.
    is_supported
        A record of another origin tells of the same event.
    """
    if row.grade is not None:
        return Proposal(row.grade, "said", "said")
    letter, source = ("B", "unit") if has_unit else ("C", "known") if row.by or row.origin else ("F", "unknown")
    if row.kind == "verification" and has_unit and row.properties.get("strength") in OWN_PASSAGE:
        return Proposal(letter + "2", source, "seen")
    return Proposal(letter + ("2" if is_supported else "3"), source, "heard" if is_supported else "single")
