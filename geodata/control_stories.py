"""Curfews and closures, denials, tolls and delays of sixty days: those in force now, and those that ended."""

from __future__ import annotations

from typing import Any

import shapely

from geodata.cast import Cast
from geodata.journal import Journal
from geodata.mission import lonlat
from geodata.restrictions import ControlWriter, Event
from geodata.spots import Track, spot_off_kept_routes

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MISSION_ZONE = "-02:00"
MISSION = ("mission_military", "mission_police", "mission_civilian")
DENIALS = (
    (8, 0.28, 20.0, "mission_military", "non_state_group", "Armed men at a log across the road. Patrol told to turn."),
    (6, 0.27, 40.0, "humanitarian", "host_police", "Police asked for a paper nobody knows. Convoy turned back."),
    (7, 0.82, 120.0, "mission_military", "host_armed_forces", "Army post refused passage despite clearance."),
    (4, 0.45, 240.0, "mission_police", "community", "Villagers blocked the bridge approach over an old claim."),
    (11, 0.15, 15.0, "medical", "non_state_group", "Ambulance sent back at the river."),
)
"""Key route, share of its length, hours, user class, actor, words."""
ACTORS = ("host_police", "host_armed_forces", "local_authority", "non_state_group", "community", "criminal")
CATEGORIES = (
    "denial_of_movement", "denial_of_site_access", "conditions_imposed", "visa_or_customs_hold", "search_of_vehicle",
    "seizure_or_hijack", "detention_or_arrest",
)  # fmt: skip


def write_controls(journal: Journal, cast: Cast) -> ControlWriter:
    """Write the control records of the demo; return the writer with the events for the case register."""
    writer = ControlWriter(journal, cast)
    _write_zones(writer)
    _write_closures(writer)
    _write_denials(writer)
    _write_ended_denials(writer)
    _write_posts(writer)
    return writer


def _write_zones(writer: ControlWriter) -> None:
    """Write orders over areas: a curfew by night, permits near the border, a market street."""
    towns = writer.journal.mission.country.settlements
    border = writer.journal.mission.country.border_posts[2]

    def around(x: float, y: float, radius_m: float) -> shapely.Polygon:
        return shapely.Point(x, y).buffer(radius_m, quad_segs=6)

    night = {"from": "20:00", "to": "05:00", "days": list(WEEK), "zone": MISSION_ZONE}
    market = {"from": "07:00", "to": "14:00", "days": ["wed", "sat"], "zone": MISSION_ZONE}
    writer.order(
        "curfew", 264.0, "prohibited", ["civil_population", "humanitarian"], shape=around(towns[7].x, towns[7].y, 7000),
        recurring=night, imposed_by="local_authority",
        words=f"Curfew in {towns[7].name} from eight in the evening to five.",
    )  # fmt: skip
    _write_mission_curfew(writer, night)
    writer.order(
        "border permit", 1056.0, "permission", ["mission_civilian", "civil_population"],
        shape=around(border.x, border.y, 5000),
        imposed_by="host_police", words="Permit of the district needed within five kilometres of the post.",
    )  # fmt: skip
    writer.order(
        "market", 1200.0, "permission", ["all"], shape=around(towns[18].x, towns[18].y, 900), recurring=market,
        imposed_by="local_authority", words="Market days: main street on foot or with the town's permit.",
    )  # fmt: skip


def _write_mission_curfew(writer: ControlWriter, night: dict[str, Any]) -> None:
    """Write the mission's own curfew: for people of the town; relief, ambulances and the mission are exempt."""
    journal = writer.journal
    town = journal.mission.country.settlements[22]
    words = f"Stay at home in {town.name} from eight in the evening to five. Doctors and relief may move."
    writer.order(
        "mission curfew", 50.0, "prohibited", ["civil_population", "host_authority"],
        shape=shapely.Point(town.x, town.y).buffer(3000, quad_segs=6), recurring=night, imposed_by="mission",
        owner="Head of the sector office", reason="Two nights of robbery on the market road",
        public_text=words, start=journal.moment(48), end=journal.moment(-12 * 24), words=words,
    )  # fmt: skip
    journal.records[-1]["properties"]["meta"] |= {
        "public_place": f"{town.name} and three kilometres around it", "area_id": journal.mission.id("area", 4)
    }  # fmt: skip


def _write_closures(writer: ControlWriter) -> None:
    """Write orders along roads: the army's, the mission's own, one lane, a march tomorrow, and lifted ones."""
    journal = writer.journal

    def along(
        key: str,
        hours: float,
        effect: str,
        classes: tuple[str, ...],
        where: tuple[int, float, float],
        words: str,
        **more: Any,
    ) -> str:
        return writer.order(key, hours, effect, list(classes), shape=writer.stretch(*where), words=words, **more)

    def by_mission(start_h: float, end_h: float, owner: str, reason: str, public_text: str) -> dict[str, Any]:
        span = {"start": journal.moment(start_h), "end": journal.moment(end_h)}
        return {"imposed_by": "mission", "owner": owner, "reason": reason, "public_text": public_text, **span}

    along("army", 624.0, "prohibited", ("all",), (11, 0.9, 13_000), "Army has closed the stretch before the border.",
          imposed_by="host_armed_forces", grade="B2")  # fmt: skip
    along("army permit", 150.0, "permission", MISSION, (11, 0.5, 26_000), "Army asks for a permit two days ahead.",
          imposed_by="host_armed_forces", grade="B2")  # fmt: skip
    works = by_mission(
        96, -80, "Engineer Company", "Road works at the cutting", "Closed to mission vehicles for works."
    )
    along("works", 96.0, "prohibited", MISSION, (3, 0.5, 2500), "Mission closure for works.", **works)
    guarded = by_mission(
        216, -120, "JOC", "Ambushes of 9 and 11 days ago", "Relief vehicles travel with an escort here."
    )
    along("escort", 216.0, "escort", ("humanitarian", "medical"), (3, 0.62, 21_000), "Escort required.", **guarded)
    along("march", 30.0, "prohibited", ("all",), (1, 0.86, 4000), "Road closed tomorrow for the anniversary march.",
          imposed_by="local_authority", start=journal.moment(-20), end=journal.moment(-27))  # fmt: skip
    lane = writer.spot(5, 0.8)
    writer.order(
        "one lane", 60.0, "prohibited", ["all"], segments=[{"at": list(lonlat(lane.x, lane.y))}], direction="forward",
        imposed_by="local_authority", words="One lane only, traffic from the town side held.",
    )  # fmt: skip
    for number, (route, share) in enumerate(((0, 0.6), (2, 0.5), (7, 0.2))):
        hours = (50 - 9 * number) * 24.0
        words = "Road closed by the army during operations."
        order = along(
            f"old {number}", hours, "prohibited", ("all",), (route, share, 3000), words, imposed_by="host_armed_forces"
        )
        writer.lifted(order, hours - 96, "Army reports the road open again; patrol confirmed.")


def _write_denials(writer: ControlWriter) -> None:
    """Write denials of all ages; they have become more frequent in the last three weeks."""
    journal = writer.journal
    rng = journal.mission.country.rng("denials")
    for number, (route, share, hours, user_class, actor, words) in enumerate(DENIALS):
        spot = writer.spot(route, share)
        writer.denial(("told", number), spot, hours, user_class, actor=actor, words=words, unit=f"BN{number + 1}")
    words = "Post closed to the mission until the minister's visit is over."
    end = journal.moment(-36)
    writer.denial(("dated",), writer.spot(10, 0.2), 60.0, MISSION[0], actor="host_armed_forces", end=end, words=words)
    classes = ("mission_military", "humanitarian", "mission_police", "civil_population", "mission_civilian")
    for number in range(22):
        hours = rng.uniform(6, 58) * 24 if number < 10 else rng.uniform(3.4, 21) * 24
        writer.denial(
            ("older", number), spot_off_kept_routes(journal.mission, rng), hours,
            str(rng.choice(classes, p=[0.45, 0.28, 0.1, 0.1, 0.07])),
            actor=str(rng.choice(ACTORS, p=[0.25, 0.3, 0.15, 0.15, 0.1, 0.05])),
            words="Passage refused at a post, no reason given.",
            outcome=str(rng.choice(["turned_back", "held", "rerouted", "aborted", "proceeded_late"])),
            category=str(rng.choice(CATEGORIES, p=[0.6, 0.1, 0.1, 0.08, 0.06, 0.03, 0.03])),
        )  # fmt: skip


def _write_ended_denials(writer: ControlWriter) -> None:
    """Write two denials that an unimpeded passage of the same class has ended."""
    journal = writer.journal
    rng = journal.mission.country.rng("ended denials")
    for number, (route, share, user_class, unit) in enumerate(
        ((0, 0.5, "mission_military", "BN1"), (2, 0.62, "humanitarian", "REL"))
    ):
        words = "District head away, barrier stays down."
        spot = writer.spot(route, share)
        writer.denial(
            ("ended", number), spot, 52.0 + 9 * number, user_class, actor="local_authority", words=words, outcome="held"
        )
        track = Track(journal.mission.graph, journal.mission.routes[route].path)
        at = share * track.length_m
        journal.add(
            "verification", ("waved through", number), hours=18.0 + number,
            shape=track.drive(rng, at - 5000, at + 5000),
            strength="partner_convoy_traverse" if unit == "REL" else "own_patrol_traverse", passed="P6", track="gps",
            authenticated=True, user_class=user_class, unimpeded=True, unit=unit, form="passage",
            words="Waved through.",
        )  # fmt: skip


def _write_posts(writer: ControlWriter) -> None:
    """Write fees and waiting times at posts; those of the last three days still delay travel."""
    journal = writer.journal
    rng = journal.mission.country.rng("posts")
    posts = [spot_off_kept_routes(journal.mission, rng) for _ in range(9)]
    told = []
    for number in range(44):
        spot = posts[number % len(posts)]
        hours = rng.uniform(2, 70) if number < 14 else rng.uniform(75, 58 * 24)
        is_toll = rng.random() < 0.55
        minutes = float(rng.choice([10, 15, 20, 25, 40, 60, 90]))
        user_class = str(rng.choice(["mission_military", "humanitarian", "civil_population"], p=[0.4, 0.35, 0.25]))
        actor = str(rng.choice(["host_police", "local_authority", "non_state_group"]))
        words = "Fee asked at the post, {:.0f} minutes lost." if is_toll else "Held {:.0f} minutes over papers."
        record = journal.add(
            "control", ("post", number), hours=hours, late_h=0.4, control="toll" if is_toll else "delay",
            delay_min=minutes,
            user_class=user_class, shape=spot.point, location={"method": "gps"}, imposed_by=actor, grade="C2",
            form="restriction", unit="REL" if user_class == "humanitarian" else "BN3",
            words=words.format(minutes),
        )  # fmt: skip
        told.append(record)
        if number % 3 == 0:
            category = "taxation_or_fee" if is_toll else "delay"
            writer.events.append(Event(record, category, actor, user_class, "proceeded_late", hours, spot.x, spot.y))
    journal.add(
        "link", ("post", "same"), hours=1.5, late_h=0.0, relation="duplicate", members=[told[0], told[9]],
        by=writer.cast.duty(1), words="Same halt told twice.",
    )  # fmt: skip
