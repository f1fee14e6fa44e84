"""The history of the demo as a whole: every writer in turn, and what follows for the registers."""

from __future__ import annotations

from dataclasses import dataclass

from geodata.agreements import clause_list_rows, commitment_rows, contact_rows, political_date_rows
from geodata.alternates import write_alternate_passages
from geodata.cast import Cast
from geodata.control_stories import write_controls
from geodata.damage_stories import write_damage
from geodata.ground_rules import ThreatMap, write_ground_rules
from geodata.hazard_stories import write_ended_items, write_items_away, write_links, write_sightings
from geodata.hazards import HazardWriter
from geodata.incidents import write_incidents
from geodata.journal import Journal, Record
from geodata.land_release import MINED_AGAIN, write_areas
from geodata.manual_states import write_manual_states
from geodata.mission import Mission, Row
from geodata.older_months import follow_up, older_case_rows, older_movement_rows
from geodata.operations import assessment_rows, movement_rows, priority_rows, task_rows
from geodata.patrols import write_passages, write_searches
from geodata.planned_movements import planned_rows
from geodata.restrictions import case_rows, order_case_rows

BLOCKING_HAZARDS = ((3, 0.42, 19 * 24.0), (2, 0.24, 27.0), (*MINED_AGAIN, 62.0))
"""Key route, share of its length, hours since: confirmed hazards at which patrols turn round."""


@dataclass(frozen=True, slots=True)
class History:
    """Records, and the register rows that follow from them."""

    records: list[Record]
    by_place: list[Record]
    """Records that name segments and assets by position; see `geodata.history`."""
    registers: dict[str, list[Row]]


def write_history(mission: Mission, cast: Cast, sites: list[Row]) -> History:
    """Return sixty days of history up to the mission's `now`."""
    journal = Journal(mission, cast)
    threat = ThreatMap(mission)
    write_ground_rules(journal, threat)
    hazards = HazardWriter(journal, cast)
    write_areas(hazards, journal)
    write_sightings(hazards)
    write_links(hazards, journal)
    write_ended_items(hazards, journal)
    write_items_away(hazards, journal)
    damage = write_damage(journal, cast)
    controls = write_controls(journal, cast)
    incidents = write_incidents(journal, cast)
    write_manual_states(journal, cast)
    for route, share, hours in BLOCKING_HAZARDS:
        damage.blocked(hazards.spot(route, share), hours)
    write_passages(journal, threat, damage.blocks)
    write_searches(journal)
    write_alternate_passages(journal)
    physical = [r["id"] for r in [*journal.records, *journal.by_place] if r["properties"]["kind"] == "physical"]
    movements = movement_rows(journal, sites)
    cases = [*case_rows(journal, controls, incidents.attacks), *order_case_rows(journal)]
    older = older_movement_rows(journal)
    cases, steps = follow_up(journal, [*cases, *older_case_rows(journal, [*older, *movements], cases)])
    registers = {
        "movement": [*older, *movements],
        "restriction_case": cases,
        "case_step": steps,
        "clause_list": clause_list_rows(journal),
        "commitment": commitment_rows(journal),
        "liaison_contact": contact_rows(journal),
        "political_date": political_date_rows(journal),
        "movement_plan": planned_rows(journal),
        "hazard_priority": priority_rows(journal, cast, hazards.open_on_routes),
        "task": task_rows(journal, hazards.open_on_routes, hazards.closed, physical),
        "assessment": assessment_rows(journal, cast),
    }
    return History(journal.records, journal.by_place, registers)


def facts_document(records: list[Record]) -> Record:
    """Return records as a facts file (docs/formats.md)."""
    return {"type": "FeatureCollection", "format": "fom-facts/1", "features": records}
