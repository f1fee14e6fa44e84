"""Whatever answers with states of roads notes who was shown them, or stands in docs/alerts.md with the reason why not.

Every address is asked about a mission that has a row of everything, and what comes back is looked at for states: an
address that is added is looked at, too.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from fom.services.analyses.asking import ACTIONS as ANALYSES
from fom.services.map_layers import LAYERS
from fom.web.pages.register_words import SHOWN
from tests.web.conftest import ROOT, Mission
from tests.web.filled_mission import fill
from tests.web.mission import PLACES
from tests.web.test_movements_page import make
from tests.web.test_plans import everything_passed
from tests.web.test_policies import SHORT, drafted
from tests.web.test_reports import new_id
from tests.web.test_what_ifs import closure

ROLES = ("chief_joc", "eod", "movement_control", "aviation", "administrator", "auditor", "reporter")
"""Asked in this order until one may read an address: together they may read all."""
NOT_NOTED = {
    "/alerts/subscriptions/new", "/alerts/subscriptions/<subscription_id>", "/api/v1/layers/air-heads",
    "/api/v1/layers/crossings", "/registers/air-heads", "/registers/air-heads/<row_id>", "/registers/crossings",
    "/registers/crossings/<row_id>", "/policy/drafts/<draft_id>",
    "/api/v1/policies/drafts/<draft_id>/preview", "/api/v1/openapi.json",
}  # fmt: skip
"""What the walk finds to show a state and to note nothing; docs/alerts.md says of each why."""
NOTHING_THERE = {"/alerts", "/api/v1/alerts", "/api/v1/stream/replay"}
"""Would show states, too, if anything had been told to who walks, and notes nothing, for the reasons given there."""
STATELESS = ("commitments", "control-points", "hazard-priorities", "liaison-contacts", "political-dates", "tasks")
NOT_OPENED = {
    "/api/v1/stream": "goes on for ever; a map that stays open is noted",
    "/static/<path:filename>": "files of the application",
    "/tiles/<network_id>/<int:z>/<int:x>/<int:y>.mvt": "roads without states, kept by browsers for ever",
    "/map/segments/<network_id>/<int:number>": "roads without states",
    "/logout": "ends the session",
    "/field/icon-<int:size>.png": "a picture",
    "/openrosa/forms/<code>.xml": "questions without states",
    "/openrosa/forms/<code>/manifest": "questions without states",
    "/openrosa/formList": "asks for a password of its own; questions without states",
    "/api/v1/analysis/jobs/<job_id>": "the same answer as the analysis, told by the same function",
    "/api/v1/reports/<report_id>/bodies/<int:number>": "notes as the outlook of a record does; needs two bodies",
    "/api/v1/networks/<network_id>/review": "what another network would do to segments; no state of a road",
    "/networks/<network_id>": "the same as a page",
    "/registers/assets/<asset_id>": "inspections of an asset; the drawn network has none",
    "/registers/air-heads/import/<batch_id>": "rows of a file before they are entered",
    "/reports/<report_id>/track.gpx": "where somebody passed, no state",
    "/restrictions/papers/<paper_id>": "a paper as it was signed",
    "/api/v1/restriction-cases/<row_id>/papers/<paper_id>": "a paper as it was signed",
    "/api/v1/evidence/<evidence_id>": "a photo",
    "/api/v1/evidence/<evidence_id>/file": "a photo",
    "/api/v1/clause-lists/<int:version>": "clauses of an agreement",
    "/api/v1/restriction-case-proposals": "cases that records propose",
    "/report/reading": "a position read back",
    **{
        f"/api/v1/{register}/<row_id>{history}": "a row of a register without states"
        for register in STATELESS
        for history in ("", "/history")
    },
    "/restrictions/calendar/<row_id>/edit": "a form", "/restrictions/contacts/<row_id>/edit": "a form",
}  # fmt: skip
"""Not asked by the walk, and why."""
POSTS = {
    "/api/v1/plans": "notes", "/api/v1/what-ifs": "notes", "/api/v1/differences": "notes",
    "/api/v1/policies/drafts": "as the preview of a draft",
    "/api/v1/policies/drafts/{draft_id}/propose": "as the preview of a draft",
    "/api/v1/movement-advice/{number}/acknowledgement": "the advice that was told is the receipt",
    "/api/v1/my-routes/acknowledge": "a receipt for what was noted when it was shown",
    "/api/v1/subscriptions/{subscription_id}": "which states are waited for",
    "/api/v1/restriction-cases/{row_id}/steps": "how far a case is",
    "/api/v1/imports": "how far a file is", "/api/v1/imports/{import_id}/mapping": "how far a file is",
    "/api/v1/imports/{import_id}/publish": "how far a file is",
    "/api/v1/imports/{import_id}/reverse": "how far a file is",
    "/api/v1/reports/{report_id}/evidence": "how far a photo is",
    "/api/v1/evidence/{evidence_id}": "how far a photo is",
}  # fmt: skip
"""Addresses to which something is sent and whose answer has a member that could be a state: what becomes of it."""
STATE_MEMBERS = {"state", "states", "before", "after", "moves", "outlook", "effect", "best"}
QUERIES = {
    "/planner": "from={C}&to={F}", "/planner/<way>.gpx": "from={C}&to={F}", "/reach": "from={C}",
    "/api/v1/reach": "from={C}", "/differences": "before_at=2026-03-10T11:00",
    "/api/v1/differences": "before_at=2026-03-10T11:00:00Z", "/api/v1/stream/replay": "after=1&up_to=9",
    "/api/v1/moments": "from=2026-03-10T11:00:00Z&to=2026-03-10T16:00:00Z", "/api/v1/places": "q=Alpha",
    "/api/v1/position": "text={C}", "/api/v1/restrictions/monthly": "month=2026-03",
    "/restrictions/monthly": "month=2026-03", "/restrictions/monthly.csv": "month=2026-03",
    "/restrictions/monthly.xlsx": "month=2026-03", "/api/v1/inspections": "subject_kind=air_head&subject_id={air_head}",
    "/desk": "report={report}", "/desk/item": "report={report}", "/what-ifs/compare": "left={what_if}&right={what_if}",
}  # fmt: skip
ROWS = {
    "air-heads": "air_head", "crossings": "crossing", "sites": "site", "areas": "area", "key-routes": "route",
    "movements": "movement", "movement-plans": "movement", "restriction-cases": "case", "records": "record",
    "reports": "report",
}  # fmt: skip
"""Part of an address -> which row a `row_id` after it names."""
NAMED = {
    "route_id": "route", "movement_id": "movement", "report_id": "report", "record_id": "record", "case_id": "case",
    "import_id": "import", "batch_id": "import", "draft_id": "draft", "what_if_id": "what_if",
    "subscription_id": "subscription", "network_id": "network", "segment_id": "road", "way": "way",
}  # fmt: skip
STATES = {"O", "C", "?", "R", "X", "GREEN", "AMBER", "GREY", "RED", "BLACK"}


@pytest.fixture
def ids(mission: Mission) -> dict[str, str]:
    """A movement with a way, then a row of everything."""
    everything_passed(mission)
    way = {"from": f"{PLACES['C'][0]}, {PLACES['C'][1]}", "to": f"{PLACES['F'][0]}, {PLACES['F'][1]}"}
    movement = make(mission, **way).rsplit("/", 1)[-1]
    ids = fill(mission) | {"movement": movement, "road": "a-b", "way": "best"}
    ids |= {"draft": drafted(mission, SHORT), "what_if": new_id(), "network": mission.host.network.network_id}
    chief = mission.program("chief_joc")
    kept = {"title": "a tree", "add": [closure("a-b")]}
    assert chief.put(f"/api/v1/what-ifs/{ids['what_if']}", json=kept).status_code == 200
    ids["subscription"] = chief.get("/api/v1/subscriptions").json["subscriptions"][0]["id"]
    ids |= {name: f"{lon},{lat}" for name, (lon, lat) in PLACES.items()}
    mission.host.follow()
    return ids


def urls(mission: Mission, rule: Rule, ids: dict[str, str]) -> list[str]:
    """Return an address for each row that a rule may name."""
    found = [""]
    for part in rule.rule.split("/")[1:]:
        named = re.search(r"<(?:[^:<>]*:)?([^<>]+)>", part)
        found = [
            f"{begun}/{part if named is None else part.replace(named[0], value)}"
            for begun in found
            for value in ([""] if named is None else values_of(mission, named[1], begun, ids))
        ]
    query = QUERIES.get(rule.rule)
    return [url + (f"?{query.format(**ids)}" if query else "") for url in found]


def values_of(mission: Mission, name: str, begun: str, ids: dict[str, str]) -> list[str]:
    """Return what a variable part of an address may be."""
    if name == "code" and begun.endswith("/benchmarks"):
        return [row["code"] for row in mission.program("chief_joc").get("/api/v1/benchmarks").json["benchmarks"]]
    if name == "row_id":
        kind = next((ROWS[part] for part in reversed(begun.split("/")) if part in ROWS), None)
        return [ids[kind]] if kind else []
    if name == "name":
        return list({"layers": LAYERS, "analysis": ANALYSES, "report": ("restriction",)}[begun.rsplit("/", 1)[-1]])
    fixed = {"slug": tuple(SHOWN), "code": ("passage",), "party": ("host_police",), "number": ("0",)}
    return list(fixed[name]) if name in fixed else [ids[NAMED[name]]] if name in NAMED else []


def shows_states(answer: Any) -> bool:
    """Return whether a body names the state of anything."""
    if answer.is_json:
        return has_states(answer.get_json())
    text = answer.get_data().decode("utf-8", "replace")
    if answer.mimetype == "text/html":
        return re.search(r'data-state="[OCRX?]"', text) is not None
    is_text = answer.mimetype.startswith("text/csv") or "gpx" in answer.mimetype
    return is_text and re.search(r"\bstate\b", text) is not None


def has_states(part: Any) -> bool:
    if isinstance(part, dict | list):
        return any(has_states(one) for one in (part.values() if isinstance(part, dict) else part))
    return isinstance(part, str) and part in STATES


def ask(clients: list[FlaskClient], url: str) -> Any:
    """Return the answer to the first who may read it."""
    for client in clients:
        answer = client.get(url)
        if answer.status_code not in (401, 403):
            break
    return answer


def told_as(rule: Rule, url: str) -> str:
    """Return an address with the variable parts of its rule, but for those that name what it is about."""
    pairs = zip(rule.rule.split("/"), url.partition("?")[0].split("/"), strict=True)
    return "/".join(came if re.search("<(slug|name)>", part) else part for part, came in pairs)


def test_whoever_is_shown_states_is_noted_by_every_address_that_shows_them(mission: Mission, ids: dict[str, str]):
    log = mission.app.extensions["fom.shown"]
    log.flush()
    clients, silent, unseen = [mission.browser(role) for role in ROLES], set(), set()
    for rule in mission.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.rule in NOT_OPENED:
            continue
        is_seen = False
        for url in urls(mission, rule, ids):
            answer = ask(clients, url)
            is_noted = log.flush() > 0
            is_seen |= answer.status_code in (200, 202, 301, 302)
            if answer.status_code == 200 and shows_states(answer) and not is_noted:
                silent.add(told_as(rule, url))
        if not is_seen:
            unseen.add(rule.rule)
    assert unseen == set(), "the walk does not reach these: give it a row, or say in NOT_OPENED why not"
    assert silent == NOT_NOTED, "these show states and note nothing, or they do not any more"


def test_whatever_is_sent_and_answered_with_states_is_known_to_be_noted_or_not(mission: Mission):
    document = mission.anonymous().get("/api/v1/openapi.json").json
    found = {
        path
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for code, answer in operation["responses"].items()
        if method != "get" and code.startswith("2") and members_of(document, answer) & STATE_MEMBERS
    }
    assert found == set(POSTS)


def members_of(document: Any, part: Any, seen: tuple[str, ...] = ()) -> set[str]:
    """Return the names of all members that a schema allows, followed through its references."""
    if isinstance(part, list):
        return {name for one in part for name in members_of(document, one, seen)}
    if not isinstance(part, dict):
        return set()
    found = set(part["properties"]) if isinstance(part.get("properties"), dict) else set()
    reference = part.get("$ref")
    if isinstance(reference, str) and reference not in seen:
        whole = document
        for step in reference.removeprefix("#/").split("/"):
            whole = whole[step]
        found |= members_of(document, whole, (*seen, reference))
    return found | {name for one in part.values() for name in members_of(document, one, seen)}


def test_what_notes_nothing_stands_in_the_documents_with_its_reason():
    page = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    assert [address for address in sorted(NOT_NOTED | NOTHING_THERE) if f"`{address}`" not in page] == []
