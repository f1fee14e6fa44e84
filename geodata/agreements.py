"""The invented status agreement of Talmara in two versions of our clause list, what parties promised since, whom one
calls when a movement is stopped, and the dates that may move them."""

from __future__ import annotations

from geodata.journal import Journal
from geodata.mission import Row

TITLE = "Status agreement between Talmara and the mission (invented)"
ALL = ["patrol", "convoy", "humanitarian", "flight"]
LAND = ["patrol", "convoy", "humanitarian"]
CLAUSES: tuple[tuple[str, str, str, str, str, list[str]], ...] = (
    ("SOMA 9", "Movement by road", "The mission moves by road throughout the country without delay. It tells the host "
     "liaison office of large convoys; it does not ask.", "free movement by road", "notification", LAND),
    ("SOMA 10", "Movement by air", "Flights are filed with the host civil aviation office. An answer comes within six "
     "hours; none counts as no objection.", "free flight and landing", "notification", ["flight"]),
    ("SOMA 12", "Checkpoints", "Marked vehicles pass posts after showing the mission card. Posts do not search, "
     "hold or charge them.", "passage of posts without search or fee", "nothing", LAND),
    ("SOMA 13", "Access to places", "The mission visits any place its mandate names, camps and places of detention "
     "too, at a time it chooses.", "access to places and people", "nothing", LAND),
    ("SOMA 15", "Goods and persons", "Mission goods enter free of duty; a list goes to the customs office. Visas are "
     "given within five days.", "entry of goods and persons", "notification", ["convoy", "humanitarian", "flight"]),
    ("SOMA 17", "Safety of personnel", "The host protects mission and relief personnel, and does not detain them.",
     "no detention, no attack", "nothing", ALL),
    ("SOMA 20", "Restricted areas", "An area may be closed for safety for at most 72 hours, in writing, with a way "
     "round.", "closures short, written, with a way round", "permission", LAND),
    ("SOMA 24", "Communication", "Radio and navigation of the mission are not interfered with.",
     "radio and navigation", "nothing", ALL),
)  # fmt: skip
"""Code, title, our summary, what it secures, what it asks of the mission, kinds of movement."""
AMENDED = (
    "SOMA 20", "Restricted areas", "An area may be closed for safety for at most 48 hours, in writing, with a way "
    "round and the name of the officer who decided.", "closures short, written, with a way round and a name",
    "permission", LAND,
)  # fmt: skip
CONTACTS = (
    ("host_armed_forces", "General staff, liaison office", "Telephone 114, net LIAISON", None, "day and night", 1, 6),
    ("host_armed_forces", "Garrison north, officer of the day", "Net LIAISON, GARRISON 2", 1, "day and night", 1, 52),
    ("host_police", "Police headquarters, liaison desk", "Telephone 221", None, "0600 to 2000", 1, 3),
    ("host_police", "Inspector of posts", "Telephone 236", None, "0700 to 1700", 2, 19),
    ("host_police", "Bridge post, shift leader", "Net POSTS, call sign BRIDGE", 3, "day and night", 1, 9),
    ("local_authority", "District council, secretary", "Telephone 410", 2, "0700 to 1500", 1, 27),
    ("non_state_group", "Group's contact for relief", "Net RELIEF, call sign HERON", 4, "0600 to 1800", 1, 75),
    ("community", "Council of elders, bridge approach", "Telephone 517", 5, None, 1, None),
)  # fmt: skip
"""Actor, office, channel, number of the province (None = everywhere), hours, rank, days since it was last reached."""
DATES = (
    ("Day of the accord", "anniversary", 151, 151, True, None, "Parades on main roads of the capital."),
    ("District elections, second round", "election", 74, 73, False, None, "More posts on the roads to district towns."),
    ("Talks on the river crossing", "negotiation", 31, 28, False, 4, "Crossings may be closed while the talks go on."),
    ("Harvest fair", "holiday", 12, 10, True, 2, None),
    ("Mandate of the mission renewed", "mandate", -17, -17, False, None, "Restrictions may become a lever before it."),
    ("Presidential election", "election", -65, -66, False, None, "Movement at night was stopped at the last one."),
)  # fmt: skip
"""Name, kind, days since its beginning and its end (negative = ahead), every year, number of the province, expected."""
NAMES = ("code", "title", "summary", "secures", "requires", "movement_kinds")
AMENDED_D = 150.0
"""Days since the second version."""
CLAUSE_OF = {
    "denial_of_movement": "SOMA 9", "denial_of_flight": "SOMA 10", "denial_of_site_access": "SOMA 13",
    "checkpoint_stop": "SOMA 12", "delay": "SOMA 12", "taxation_or_fee": "SOMA 12", "search_of_vehicle": "SOMA 12",
    "seizure_or_hijack": "SOMA 17", "detention_or_arrest": "SOMA 17", "assault_or_threat": "SOMA 17",
    "conditions_imposed": "SOMA 20", "aggressive_demonstration": "SOMA 17", "jamming_or_interference": "SOMA 24",
    "visa_or_customs_hold": "SOMA 15", "attack_on_movement": "SOMA 17",
}  # fmt: skip
PROMISES = (
    ("host_police", 212, 198, "kept", 199, "Posts on the eastern main road hold the list of mission plates.",
     "Police headquarters, liaison desk", None),
    ("host_police", 118, 90, "broken", 88, "No fee is asked of relief trucks at any post.",
     "Police headquarters, liaison desk", "Fees were asked at three posts in the month after."),
    ("host_police", 52, 24, None, None, "Every post officer shows name and unit when he stops a mission vehicle.",
     "Inspector of posts", None),
    ("host_police", 9, -12, None, None, "Two posts north of the river are withdrawn.",
     "Ministry of the interior", None),
    ("host_armed_forces", 170, 140, "kept", 141, "Road closures are told to the liaison office a day ahead.",
     "General staff, operations", None),
    ("host_armed_forces", 75, 40, "partly_kept", 36, "The garrison lets unarmed patrols pass by day.",
     "Sector commander, north", "Held for four weeks, then patrols were turned back at the bridge."),
    ("local_authority", 60, 45, "kept", 47, "The market street is open to relief trucks before eight.",
     "District council", None),
    ("local_authority", 33, 5, None, None, "The barrier at the district border is lifted at night.",
     "District head", None),
    ("non_state_group", 41, 11, "broken", 10, "Ambulances pass without question.", "Group's contact for relief",
     "An ambulance was sent back at the river."),
    ("community", 28, None, None, None, "Elders answer for the bridge approach while the land claim is heard.",
     "Council of elders", None),
)  # fmt: skip
"""Actor, days since, due, outcome, settled, what, by whom, why; days may lie ahead (negative)."""


def clause_list_rows(journal: Journal) -> list[Row]:
    """Return both versions of the clause list, oldest first."""
    second = [AMENDED if clause[0] == AMENDED[0] else clause for clause in CLAUSES]
    return [
        {
            "title": TITLE,
            "note": note,
            "published_at": journal.moment(days * 24),
            "clauses": [dict(zip(NAMES, clause, strict=True)) for clause in clauses],
        }
        for days, note, clauses in (
            (260.0, "First list, from the agreement as signed.", CLAUSES),
            (AMENDED_D, "Closures shortened by exchange of letters.", second),
        )
    ]


def commitment_rows(journal: Journal) -> list[Row]:
    """Return what parties promised, kept, broken and still due."""

    def moment(days: float | None) -> str | None:
        return None if days is None else journal.moment(days * 24)

    return [
        {
            "id": journal.mission.id("commitment", number),
            "actor": actor,
            "promised": promised,
            "promised_by": by,
            "promised_at": moment(since),
            "due_at": moment(due),
            "outcome": outcome,
            "settled_at": moment(settled),
            "reason": why,
            "reference": f"Minutes {14 + 3 * number}/26",
            "admin_unit": _province(journal, number),
        }
        for number, (actor, since, due, outcome, settled, promised, by, why) in enumerate(PROMISES)
    ]


def contact_rows(journal: Journal) -> list[Row]:
    """Return whom one calls, some reached lately, some not for long, one never."""
    return [
        {
            "id": journal.mission.id("liaison_contact", number),
            "actor": actor,
            "office": office,
            "channel": channel,
            "admin_unit": _province(journal, province),
            "hours": hours,
            "rank": rank,
            "confirmed_at": None if days is None else journal.moment(days * 24.0),
            "confirmed_by": None if days is None else "JOC duty officer",
        }
        for number, (actor, office, channel, province, hours, rank, days) in enumerate(CONTACTS)
    ]


def political_date_rows(journal: Journal) -> list[Row]:
    """Return elections, anniversaries and talks of the year, behind and ahead."""
    return [
        {
            "id": journal.mission.id("political_date", number),
            "name": name,
            "kind": kind,
            "starts_at": journal.moment(since * 24.0),
            "ends_at": None if since == until else journal.moment(until * 24.0),
            "is_yearly": is_yearly,
            "admin_unit": _province(journal, province),
            "expected": expected,
            "source": "Political affairs" if expected else None,
        }
        for number, (name, kind, since, until, is_yearly, province, expected) in enumerate(DATES)
    ]


def _province(journal: Journal, number: int | None) -> str | None:
    """Return the id of a province by its place in the list."""
    provinces = journal.mission.provinces
    return None if number is None else journal.mission.id("province", provinces[number % len(provinces)].number)
