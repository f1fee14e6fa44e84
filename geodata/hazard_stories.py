"""The hazards of the demo: those that hold a road now, one for each way of holding it, and sixty days of ended ones."""

from __future__ import annotations

from dataclasses import dataclass

from geodata.hazards import CLASSES, KNOWN_CLASSES, HazardWriter
from geodata.journal import Journal
from geodata.spots import rural_spots


@dataclass(frozen=True, slots=True)
class Sighting:
    """An item reported beside a key route."""

    key: str
    route: int
    share: float
    """Where along the route, as a share of its length."""
    hours: float
    class_: str
    words: str
    off_m: float = 0.0
    """Metres to the left of the road."""
    grade: str | None = None
    digits: int = 0
    """Digits of the grid reference by which it is known; 0 = a position."""
    method: str = "gps"
    datum: str | None = None
    desk: tuple[tuple[str, float], ...] = ()
    """Grades given on the desk, with the hours before now."""
    is_eod_confirmed: bool = False


SIGHTINGS = (
    Sighting("swift north", 8, 0.16, 5.0, "ied", "Object 60 m off the road, seen at first light. Traffic held.", 60,
    digits=6),
    Sighting("egret", 4, 0.71, 46.0, "uxo", "Round in the ditch west of the road. Marked.", 58, "B2",
    desk=(("B2", 44.0),)),
    Sighting("cedar", 2, 0.24, 27.0, "ied", "Object under the culvert mouth. Cordon set.", is_eod_confirmed=True),
    Sighting("wren", 10, 0.38, 196.0, "uxo", "Round beside the well, 70 m from the road.", -74, "B3"),
    Sighting("mahogany", 11, 0.62, 74.0, "ied", "Device reported near the second village.", 150, "C3", digits=4),
    Sighting("teak south", 3, 0.9, 110.0, "mine", "Farmer points at the verge, square only.", 300, "B2", digits=4),
    Sighting("baobab", 9, 0.5, 53.0, "mine", "Villagers speak of an object outside.", 480, method="place"),
    Sighting("swift", 8, 0.66, 40.0, "ied", "Can on the carriageway, driver unsure.", desk=(("D4", 39.0),)),
    Sighting(
        "linnet", 6, 0.16, 360.0, "mine", "Position read from an old map sheet.", 240, "C2", datum="unknown",
        desk=(("C2", 336.0), ("C3", 312.0)),
    ),
)  # fmt: skip


def write_sightings(writer: HazardWriter) -> None:
    """Write the items that hold key routes now, and two reports without a place."""
    for number, told in enumerate(SIGHTINGS):
        spot = writer.spot(told.route, told.share).beside(told.off_m)
        location: dict[str, object] = {"method": told.method}
        if told.digits:
            location = writer.mgrs(spot, told.digits)
        if told.datum:
            location["datum"] = told.datum
        unit = f"BN{told.route % 7 + 1}"
        fact = writer.found(
            (told.key,), spot, told.hours, told.class_, grade=told.grade, location=location, words=told.words, unit=unit
        )
        for grader, (grade, hours) in enumerate(told.desk):
            writer.graded(fact, hours, grade, by=writer.cast.duty(grader))
        if told.is_eod_confirmed:
            writer.graded(fact, told.hours - 2, "B2", by=writer.cast.eod(number % 2), eod=True)
    words = "Caller hung up before giving a place."
    writer.found(("no place", 0), None, 9.6, "unknown_item", on_route=False, words=words)


def write_ended_items(writer: HazardWriter, journal: Journal) -> None:
    """Write items found along key routes over sixty days and destroyed, or found to be nothing, within days."""
    rng = journal.mission.country.rng("destroyed")
    for number in range(34):
        hours = rng.uniform(3.5, 59.0) * 24
        spot = writer.spot(int(rng.integers(12)), rng.uniform(0.06, 0.94)).beside(rng.normal(0, 45))
        class_ = str(rng.choice(CLASSES[:7]))
        fact = writer.found(("item", number), spot, hours, class_, unit=f"BN{rng.integers(1, 8)}")
        writer.graded(fact, hours - rng.uniform(0.5, 3.0), str(rng.choice(["B2", "C2", "C3", "B3", "D4"])))
        after = rng.uniform(5, 70)
        if rng.random() < 0.55:
            writer.graded(fact, hours - after * 0.6, "A1", by=writer.cast.eod(0), eod=True)
            writer.ended(fact, hours - after, "destroyed")
        else:
            writer.ended(fact, hours - after, "erroneous" if rng.random() < 0.3 else "destroyed")


def write_items_away(writer: HazardWriter, journal: Journal) -> None:
    """Write hazards on and beside other roads; about half are still open."""
    rng = journal.mission.country.rng("away")
    for number, spot in enumerate(rural_spots(journal.mission, rng, 46, tiers=(3, 4, 5, 6))):
        hours = rng.uniform(0.5, 59.5) * 24
        off_m = float(rng.choice([rng.normal(0, 6), rng.normal(0, 60), rng.normal(0, 400)]))
        fact = writer.found(
            ("away", number), spot.beside(off_m), hours, str(rng.choice(KNOWN_CLASSES)), on_route=False,
            unit=f"BN{rng.integers(1, 8)}", grade=str(rng.choice(["C3", "B3", "F6", "D3", "E5"])),
        )  # fmt: skip
        if hours > 8 * 24 and rng.random() < 0.6:
            writer.ended(fact, hours - rng.uniform(20, 160), "destroyed")


def write_links(writer: HazardWriter, journal: Journal) -> None:
    """Write what two patrols saw, what was told again, and what was taken back."""
    cast = writer.cast
    spot = writer.spot(11, 0.7).beside(12)

    def seen(key: str, where_m: float, hours: float, unit: str, grade: str, words: str) -> str:
        return writer.found((key,), spot.beside(where_m), hours, "ied", grade=grade, unit=unit, words=words)

    first = seen("seen", 0, 60.0, "BN3", "C3", "Object on the shoulder, seen by the lead vehicle.")
    second = seen("seen again", 9, 58.5, "BN5", "C3", "Object on the shoulder, bus driver stopped us.")
    third = seen("relayed", 18, 55.0, "BN3", "D4", "Same object, relayed by the district office.")
    for relation, other, hours, words in (
        ("same_incident", second, 57.0, "Two units, one object."),
        ("duplicate", third, 54.0, "Relay of the first report."),
    ):
        journal.add(
            "link", ("seen", relation), hours=hours, late_h=0.0, relation=relation, members=[first, other],
            by=cast.duty(0), words=words
        )  # fmt: skip
    wrong_words = "Object on the road. (Sent for another road.)"
    wrong = writer.found(("wrong road",), writer.spot(6, 0.9), 31.0, "unknown_item", words=wrong_words)
    writer.taken_back(wrong, 28.0, cast.pair("joc"), "Wrong road named; corrected report follows.")
    right = writer.spot(6, 0.9).beside(900)
    right_words = "Corrected position, on the farm track."
    writer.found(("right road",), right, 28.0, "uxo", on_route=False, words=right_words)
    kept = writer.found(
        ("one voice",), writer.spot(2, 0.88).beside(-20), 132.0, "uxo", grade="C3", words="Round in the drain."
    )
    writer.taken_back(kept, 120.0, [cast.duty(0)], "Withdrawn by one officer only.")
