"""Names of places, people and streets from one invented sound system; none is meant to be of a real language."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

COUNTRY, NORTHERN_NEIGHBOUR, EASTERN_NEIGHBOUR = "Talmara", "Ostrevia", "Quenda"
MISSION = "UNSTAL"
"""Short name of the invented stabilisation mission in Talmara."""
SEA = "Sea of Verrin"

_ONSETS = (
    "b", "d", "g", "k", "l", "m", "n", "r", "s", "t", "v", "z", "br", "dr", "tr", "vr", "sh", "l", "m", "t", "k",
    "s",
)  # fmt: skip
_NUCLEI = ("a", "a", "e", "e", "i", "o", "o", "u", "a", "ei", "ou")
_CODAS = ("", "", "", "", "l", "n", "r", "s", "m")
_ENDINGS = (
    "ara", "enna", "olo", "issa", "une", "avel", "ort", "emi", "anda", "uvo", "esk", "ilan", "ova", "etta", "arru",
    "inde", "olm", "asha", "ere", "uun", "ivar", "oda", "elle", "ask", "umba", "ireth",
)  # fmt: skip
_GIVEN = (
    "Adela", "Bastin", "Cerise", "Dovan", "Elun", "Farro", "Gemma", "Hadrin", "Ilse", "Joram", "Kalina", "Levan",
    "Mirel", "Nadir", "Orla", "Petra", "Rovan", "Selka", "Tavi", "Ulric", "Vesna", "Yorin", "Zahra", "Brenn",
    "Calla", "Doru",
)  # fmt: skip
_STREETS = (
    "Market", "Harbour", "Mill", "River", "Garden", "School", "Station", "Temple", "Salt", "Copper", "Weavers",
    "Orchard", "Customs", "Lime", "Bridge", "Fountain", "Assembly", "Rope", "Clinic", "Old Wall", "Potters",
    "Granary", "Lamp", "Tide",
)  # fmt: skip
_KNOWN_PLACES = frozenset(
    {
        "Malanda",
        "Rolanda",
        "Luanda",
        "Rwanda",
        "Uganda",
        "Toronda",
        "Nova",
        "Soda",
        "Tara",
        "Sara",
        "Savelle",
        "Bolivar",
        "Similan",
        "Nasova",
        "Simere",
        "Tunesk",
        "Braila",
        "Mumbanda",
    }
)
"""Chance products of the syllables that are words or places of this world; skipped."""


class NameMaker:
    """Draws names that never repeat and differ by more than their last letter."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._taken: set[str] = set()

    def place(self) -> str:
        """Return a new place name of two or three syllables."""
        while True:
            middle = self._pick(_NUCLEI) + self._pick(_CODAS)
            name = self._pick(_ONSETS) + middle + self._pick(_ONSETS[:12]) + self._pick(_ENDINGS)
            if self._rng.random() < 0.25:
                name = self._pick(_ONSETS) + self._pick(_NUCLEI[:8]) + self._pick(_CODAS) + self._pick(_ENDINGS)
            name = name.capitalize()
            stem = name[:-1]
            if 4 <= len(name) <= 10 and name not in _KNOWN_PLACES and stem not in self._taken:
                self._taken.add(stem)
                return name

    def person(self) -> str:
        """Return a given and a family name."""
        return f"{self._pick(_GIVEN)} {self.place()}"

    def street(self) -> str:
        """Return a street name; these may repeat between towns."""
        return f"{self._pick(_STREETS)} {self._pick(('Street', 'Street', 'Road', 'Lane', 'Avenue'))}"

    def _pick(self, words: Sequence[str]) -> str:
        return words[int(self._rng.integers(len(words)))]
