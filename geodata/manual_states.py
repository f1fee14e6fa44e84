"""What the watch set by hand: worsened at once, improved for hours by the chief, and what had no effect."""

from __future__ import annotations

import numpy as np

from geodata.cast import Cast
from geodata.incidents import RISKY
from geodata.journal import Journal
from geodata.mission import lonlat
from geodata.spots import spot_on

SKETCH = {"method": "sketch", "uncertainty_m": 10}


def write_manual_states(journal: Journal, cast: Cast) -> None:
    """Write manual states of the last days, in force, ended and refused."""
    chief, duty = cast.names("chief_joc")[0], cast.duty(0)
    _worsen(journal, duty)
    refused = "Without effect: only a closing act ends an explosive reason."
    for key, hours, role, route, share, length_m, lasts_h, reason, words in (
        (
            "improve",
            9.0,
            "chief_joc",
            *RISKY,
            16_000.0,
            23.5,
            "Escorted convoy must pass today",
            "Lifted for the convoy.",
        ),
        ("improve hazard", 4.0, "chief_joc", 8, 0.78, 700.0, 14.0, "Asked for by the district", refused),
        ("improve over", 216.0, "chief_joc", 9, 0.28, 3000.0, 20.0, "Convoy with escort", "Lifted for one day."),
        ("improve by duty", 20.0, "duty_officer", 9, 0.3, 900.0, 18.0, "Only the chief may improve", "Refused: role."),
    ):
        journal.add(
            "manual", (key,), hours=hours, late_h=0.0, mode="improve", state="AMBER", role=role,
            signed_by=[chief if role == "chief_joc" else duty], segments=_along(journal, route, share, length_m),
            expires=journal.moment(hours - lasts_h), reason=reason, words=words,
        )  # fmt: skip


def _worsen(journal: Journal, duty: str) -> None:
    """Write a stretch held since this morning, and one that was held for a day."""
    facts = []
    for key, hours, route, share, along_m, reason in (
        ("worsen", 8.0, 8, 0.70, 11_000, "Shots heard by the village head, no patrol near"),
        ("worsen and lift", 456.0, 4, 0.6, 3000, "Armed group reported crossing the road"),
    ):
        line = journal.mission.routes[route].path.line
        middle = share * line.length
        stretch = [
            spot_on(line, at).point.buffer(60) for at in np.arange(middle - along_m / 2, middle + along_m / 2, 100)
        ]
        outline = stretch[0]
        for part in stretch[1:]:
            outline = outline.union(part)
        facts.append(
            journal.add(
                "manual", (key,), hours=hours, late_h=0.0, mode="worsen", state="RED", role="duty_officer",
                signed_by=[duty],
                shape=outline.simplify(10), location=SKETCH, reason=reason, words="Held until a patrol has looked.",
            )
        )  # fmt: skip
    journal.add(
        "closing_act", ("worsen and lift",), hours=432.0, late_h=0.0, act="lifted", closes=[facts[1]], authority="joc",
        signed_by=[duty], words="Patrol looked, nothing found.",
    )  # fmt: skip


def _along(journal: Journal, route: int, share: float, length_m: float) -> list[dict[str, object]]:
    """Return positions every 250 m along a key route, around a share of its length."""
    line = journal.mission.routes[route].path.line
    middle = share * line.length
    places = [spot_on(line, at) for at in np.arange(middle - length_m / 2, middle + length_m / 2, 250.0)]
    return [{"at": list(lonlat(place.x, place.y))} for place in places]
