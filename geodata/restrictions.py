"""Human control of movement: curfews and closures, denials, tolls and delays, and the cases that follow them up."""

from __future__ import annotations

from dataclasses import dataclass

import shapely
import shapely.ops

from geodata.cast import Cast
from geodata.journal import Journal
from geodata.mission import Row, lonlat
from geodata.spots import Spot, Track, spot_on


@dataclass(frozen=True, slots=True)
class Event:
    """A denial, toll, delay or attack that a restriction case follows up."""

    record: str
    category: str
    actor: str
    user_class: str
    outcome: str
    hours: float
    x: float
    y: float


class ControlWriter:
    """Writes control records and remembers those that become cases."""

    def __init__(self, journal: Journal, cast: Cast) -> None:
        self.journal, self.cast = journal, cast
        self.events: list[Event] = []

    def stretch(self, route: int, share: float, length_m: float) -> shapely.LineString:
        """Return a stretch of a key route around a share of its length."""
        line = self.journal.mission.routes[route].path.line
        middle = share * line.length
        return shapely.ops.substring(line, max(middle - length_m / 2, 0), min(middle + length_m / 2, line.length))

    def order(self, key: str, hours: float, effect: str, classes: list[str], *, shape: shapely.Geometry | None = None, words: str, grade: str = "A1", **properties: object) -> str:
        """Write a standing order over a surveyed outline or line, or over `segments`."""
        location = {"method": "survey", "uncertainty_m": 5} if shape is not None else None
        return self.journal.add(
            "control", ("order", key), hours=hours, late_h=0.5, control="order", effect=effect, user_classes=classes, shape=shape,
            location=location, grade=grade, words=words, form="restriction", **properties,
        )  # fmt: skip

    def denial(self, key: tuple[object, ...], spot: Spot, hours: float, user_class: str, *, actor: str, grade: str = "B2", words: str,
               end: str | None = None, outcome: str = "turned_back", category: str = "denial_of_movement", unit: str = "BN2") -> str:  # fmt: skip
        """Write a denial at a position and note it as an event."""
        record = self.journal.add(
            "control", ("denial", *key), hours=hours, late_h=0.3, control="denial", user_class=user_class, shape=spot.point,
            location={"method": "gps"}, imposed_by=actor, grade=grade, end=end, words=words, unit=unit, form="restriction", by=self.cast.patrol(unit),
        )  # fmt: skip
        self.events.append(Event(record, category, actor, user_class, outcome, hours, spot.x, spot.y))
        return record

    def lifted(self, fact: str, hours: float, words: str) -> None:
        """Write the end of an order or denial."""
        self.journal.add("closing_act", ("lifted", fact), hours=hours, late_h=0.0, act="lifted", closes=[fact], authority="joc", signed_by=[self.cast.duty(0)], words=words)


def write_controls(journal: Journal, cast: Cast) -> ControlWriter:
    """Write the control records of the demo; return the writer with the events for the case register."""
    writer = ControlWriter(journal, cast)
    _orders(writer)
    _denials(writer)
    _tolls(writer)
    return writer


def _orders(writer: ControlWriter) -> None:
    """Write curfews, closures, escorts and one-way rules, some of them over."""
    journal = writer.journal
    towns = journal.mission.country.settlements
    curfew = shapely.Point(towns[7].x, towns[7].y).buffer(7000, quad_segs=6)
    night = {"from": "20:00", "to": "05:00", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "zone": "-02:00"}
    writer.order("curfew", 11 * 24.0, "prohibited", ["civil_population", "humanitarian"], shape=curfew, recurring=night, imposed_by="local_authority", words=f"Curfew in {towns[7].name} from eight in the evening to five.")
    writer.order("military zone", 26 * 24.0, "prohibited", ["all"], shape=writer.stretch(11, 0.9, 6000), imposed_by="host_armed_forces", grade="B2", words="Army has closed the last stretch before the border to everyone.")
    writer.order("heavy closure", 4 * 24.0, "prohibited", ["mission_military", "mission_police", "mission_civilian"], shape=writer.stretch(6, 0.45, 2500), imposed_by="mission", owner="Engineer Company",
                 reason="Road works at the cutting", start=journal.moment(96), end=journal.moment(-80), public_text="Road closed to mission vehicles for works until further notice on this page.", words="Mission closure for works.")  # fmt: skip
    writer.order("escort", 9 * 24.0, "escort", ["humanitarian", "medical"], shape=writer.stretch(3, 0.62, 21_000), imposed_by="mission", owner="JOC", reason="Ambushes of 9 and 11 days ago",
                 start=journal.moment(216), end=journal.moment(-120), public_text="Relief vehicles travel here with an escort. Ask movement control.", words="Escort required.")  # fmt: skip
    border = journal.mission.country.border_posts[2]
    writer.order("border permit", 44 * 24.0, "permission", ["mission_civilian", "civil_population"], shape=shapely.Point(border).buffer(5000, quad_segs=6), imposed_by="host_police", words="Permit of the district needed within five kilometres of the post.")
    market = {"from": "07:00", "to": "14:00", "days": ["wed", "sat"], "zone": "-02:00"}
    writer.order("market", 50 * 24.0, "permission", ["all"], shape=shapely.Point(towns[18].x, towns[18].y).buffer(900, quad_segs=6), recurring=market, imposed_by="local_authority", words="Market days: main street only on foot or with the town's permit.")
    line = journal.mission.routes[5].path.line
    at = spot_on(line, 0.8 * line.length)
    writer.order("one lane", 60.0, "prohibited", ["all"], segments=[{"at": list(lonlat(at.x, at.y))}], direction="forward", imposed_by="local_authority", words="One lane only, traffic from the town side held.")
    tomorrow = writer.stretch(1, 0.86, 4000)
    writer.order("parade", 30.0, "prohibited", ["all"], shape=tomorrow, imposed_by="local_authority", start=journal.moment(-20), end=journal.moment(-27), words="Road closed tomorrow for the anniversary march.")
    for number, (route, share) in enumerate(((0, 0.6), (2, 0.5), (7, 0.2))):
        order = writer.order(f"old {number}", (50 - 9 * number) * 24.0, "prohibited", ["all"], shape=writer.stretch(route, share, 3000), imposed_by="host_armed_forces", words="Road closed by the army during operations.")
        writer.lifted(order, (46 - 9 * number) * 24.0, "Army reports the road open again; patrol confirmed.")


def _denials(writer: ControlWriter) -> None:
    """Write denials of all ages; two of them ended by an unimpeded passage of the same class."""
    journal = writer.journal
    rng = journal.mission.country.rng("denials")
    routes = journal.mission.routes

    def spot(route: int, share: float) -> Spot:
        line = routes[route].path.line
        return spot_on(line, share * line.length)

    told = (
        (9, 0.28, 20.0, "mission_military", "non_state_group", "Armed men at a log across the road. Patrol told to turn round."),
        (1, 0.27, 40.0, "humanitarian", "host_police", "Police post asked for a paper nobody knows. Convoy waited, then turned back."),
        (7, 0.82, 5 * 24.0, "mission_military", "host_armed_forces", "Army post refused passage despite clearance."),
        (4, 0.45, 10 * 24.0, "mission_police", "community", "Villagers blocked the bridge approach over an old claim."),
        (11, 0.15, 15.0, "medical", "non_state_group", "Ambulance sent back at the river."),
    )  # fmt: skip
    for number, (route, share, hours, user_class, actor, words) in enumerate(told):
        writer.denial(("told", number), spot(route, share), hours, user_class, actor=actor, words=words, unit=f"BN{number + 1}")
    writer.denial(("dated",), spot(10, 0.2), 60.0, "mission_military", actor="host_armed_forces", end=journal.moment(-36), words="Post closed to the mission until the minister's visit is over.")
    for number, (route, share, user_class) in enumerate(((0, 0.5, "mission_military"), (2, 0.62, "humanitarian"))):
        place = spot(route, share)
        writer.denial(("ended", number), place, 52.0 + 9 * number, user_class, actor="local_authority", words="District head away, barrier stays down.", outcome="held")
        track = Track(journal.mission.graph, routes[route].path)
        at = share * track.length_m
        journal.add("verification", ("waved through", number), hours=18.0 + number, shape=track.drive(rng, at - 5000, at + 5000), strength="own_patrol_traverse" if number == 0 else "partner_convoy_traverse",
                    passed="P6", track="gps", authenticated=True, user_class=user_class, unimpeded=True, unit="BN1" if number == 0 else "REL", form="passage", words="Barrier up, waved through.")  # fmt: skip
    actors = ("host_police", "host_armed_forces", "local_authority", "non_state_group", "community", "criminal")
    categories = ("denial_of_movement", "denial_of_site_access", "conditions_imposed", "visa_or_customs_hold", "search_of_vehicle", "seizure_or_hijack", "detention_or_arrest")
    for number in range(22):
        place = spot(int(rng.integers(12)), rng.uniform(0.05, 0.95))
        # Denials have become more frequent in the last three weeks.
        hours = rng.uniform(6, 58) * 24 if number < 10 else rng.uniform(3.4, 21) * 24
        user_class = str(rng.choice(["mission_military", "humanitarian", "mission_police", "civil_population", "mission_civilian"], p=[0.45, 0.28, 0.1, 0.1, 0.07]))
        writer.denial(("older", number), place, hours, user_class, actor=str(rng.choice(actors, p=[0.25, 0.3, 0.15, 0.15, 0.1, 0.05])), words="Passage refused at a post, no reason given.",
                      outcome=str(rng.choice(["turned_back", "held", "rerouted", "aborted", "proceeded_late"])), category=str(rng.choice(categories, p=[0.6, 0.1, 0.1, 0.08, 0.06, 0.03, 0.03])))  # fmt: skip


def _tolls(writer: ControlWriter) -> None:
    """Write fees and waiting times at posts; those of the last three days still delay travel."""
    journal = writer.journal
    rng = journal.mission.country.rng("tolls")
    posts = [(int(rng.integers(12)), rng.uniform(0.08, 0.92)) for _ in range(9)]
    for number in range(44):
        route, share = posts[number % len(posts)]
        line = journal.mission.routes[route].path.line
        place = spot_on(line, share * line.length)
        hours = rng.uniform(2, 70) if number < 14 else rng.uniform(75, 58 * 24)
        is_toll = rng.random() < 0.55
        minutes = float(rng.choice([10, 15, 20, 25, 40, 60, 90]))
        user_class = str(rng.choice(["mission_military", "humanitarian", "civil_population"], p=[0.4, 0.35, 0.25]))
        record = journal.add(
            "control", ("post", number), hours=hours, late_h=0.4, control="toll" if is_toll else "delay", delay_min=minutes, user_class=user_class, shape=place.point,
            location={"method": "gps"}, imposed_by=str(rng.choice(["host_police", "local_authority", "non_state_group"])), grade="C2", form="restriction", unit="REL" if user_class == "humanitarian" else "BN3",
            words=f"Fee asked at the post, {minutes:.0f} minutes lost." if is_toll else f"Held {minutes:.0f} minutes while papers were read.",
        )  # fmt: skip
        if number % 3 == 0:
            writer.events.append(Event(record, "taxation_or_fee" if is_toll else "delay", "host_police", user_class, "proceeded_late", hours, place.x, place.y))
    journal.add("link", ("post", "same"), hours=1.5, late_h=0.0, relation="duplicate", members=[journal.mission.id("control", "post", 0), journal.mission.id("control", "post", 9)], by=writer.cast.duty(1), words="Same halt told twice.")


def case_rows(journal: Journal, writer: ControlWriter, attacks: list[Event]) -> list[Row]:
    """Return the restriction cases: who, what clause, protested and settled when."""
    rng = journal.mission.country.rng("cases")
    rows = []
    for number, event in enumerate(sorted([*writer.events, *attacks], key=lambda e: (-e.hours, e.record))):
        protested = rng.random() < 0.6 and event.hours > 30
        protest_h = event.hours - rng.uniform(10, 90) if protested else 0.0
        settled = event.hours > 120 and rng.random() < 0.62
        rows.append({
            "id": journal.mission.id("case", event.record), "record_id": event.record, "category": event.category, "actor": event.actor, "user_class": event.user_class,
            "admin_unit": journal.mission.id("province", journal.mission.province_at(event.x, event.y).number),
            "clause": str(rng.choice(["SOMA 12", "SOMA 13", "SOMA 15", "SOMA 20"])), "clearance_held": bool(rng.random() < 0.75), "outcome": event.outcome,
            "opened_at": journal.moment(event.hours - 0.5), "protest_no": f"P-{number + 1:03d}" if protested and protest_h > 0 else None,
            "protest_at": journal.moment(protest_h) if protested and protest_h > 0 else None,
            "resolved_at": journal.moment(max(event.hours - rng.uniform(100, 400), 1.0)) if settled else None,
            "standing": bool(event.hours > 31 * 24 and not settled and event.actor.startswith("host")),
        })  # fmt: skip
    return rows

