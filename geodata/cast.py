"""Who signs, grades and reports: invented persons by post. They are also the rows of the `people` list."""

from __future__ import annotations

from dataclasses import dataclass

from geodata.mission import Mission, Row
from geodata.names import NameMaker

POSTS = (
    *((post, None) for post in ("duty_officer", "duty_officer", "chief_joc", "analyst", "head_of_mission")),
    *((post, unit) for post, unit in (("eod", "EOD"), ("mine_action", "MAC"), ("engineer", "ENG")) for _ in range(2)),
    ("movement_control", "LOG"),
    ("aviation", "AVN"),
    ("police", "POL"),
    ("relief_coordinator", "REL"),
    *(("patrol_leader", f"BN{number}") for number in range(1, 8) for _ in range(2)),
)
"""Post and unit code of each person."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Invented persons: (name, post, unit code or None)."""

    persons: tuple[tuple[str, str, str | None], ...]

    def names(self, post: str) -> list[str]:
        """Return the names of those who hold a post."""
        return [name for name, held, _ in self.persons if held == post]

    def duty(self, number: int) -> str:
        """Return one of the duty officers."""
        return self.names("duty_officer")[number]

    def eod(self, number: int) -> str:
        """Return one of the disposal officers."""
        return self.names("eod")[number]

    def pair(self, authority: str) -> list[str]:
        """Return two persons who may sign for an authority."""
        if authority == "joc":
            return [self.duty(0), self.names("chief_joc")[0]]
        return self.names(authority)[:2]

    def patrol(self, unit: str) -> str:
        """Return a patrol leader of a battalion, or who reports for another unit."""
        posts = {
            "MAC": "mine_action",
            "EOD": "eod",
            "ENG": "engineer",
            "POL": "police",
            "REL": "relief_coordinator",
            "LOG": "movement_control",
        }
        held = [name for name, post, code in self.persons if (post, code) == ("patrol_leader", unit)]
        return held[0] if held else self.names(posts.get(unit, "analyst"))[0]


def make_cast(mission: Mission) -> Cast:
    """Return the persons of a mission."""
    names = NameMaker(mission.country.rng("people"))
    return Cast(tuple((names.person(), post, unit) for post, unit in POSTS))


def people_rows(mission: Mission, cast: Cast) -> list[Row]:
    """Return the rows of the `people` list."""
    return [
        {"id": mission.id("person", number), "name": name, "post": post, "unit": unit}
        for number, (name, post, unit) in enumerate(cast.persons)
    ]
