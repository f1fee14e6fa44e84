"""Alerts over the API and as pages: one's own only, with receipts; what is shown is noted; tiles cost nothing more."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, select

from fom.services.alerts.keeper import AlertKeeper
from fom.services.alerts.settings import Outside
from fom.services.shown import ShownLog
from fom.store.tables import Shown, User
from tests.web.conftest import Mission
from tests.web.mission import PLACES, email_of, hazard

API = "/api/v1"


@pytest.fixture
def route(mission: Mission) -> str:
    route_id = str(uuid.uuid4())
    body = {"id": route_id, "code": "MSR HERON", "name": "A to C", "via": [list(PLACES[p]) for p in "ABC"]}
    body["owner"] = "unit of reporter"
    assert mission.program("duty_officer").post(f"{API}/routes", json=body).status_code == 201
    return route_id


@pytest.fixture
def keeper(mission: Mission) -> AlertKeeper:
    edge = mission.app.extensions["fom"]
    config = replace(edge.config, secret_key="of the test", webhook_hosts="https://ops.example:8443")
    mission.app.extensions["fom.outside"] = Outside.of(config)
    shown: ShownLog = mission.app.extensions["fom.shown"]
    keeper = AlertKeeper(config, mission.database, lambda: edge.hosts.current, shown, clock=mission.clock, settle_us=0)
    keeper.step()
    return keeper


def wanted(**rest: Any) -> dict[str, Any]:
    return {"title": "my watch", "kinds": ["explosive"], **rest}


def subscribe(client: Any, **rest: Any) -> str:
    subscription_id = str(uuid.uuid4())
    answer = client.put(f"{API}/subscriptions/{subscription_id}", json=wanted(**rest))
    assert answer.status_code == 200, answer.json
    return subscription_id


def report(mission: Mission, keeper: AlertKeeper, **rest: Any) -> None:
    mission.clock.advance(0.1)
    body = hazard(str(uuid.uuid4())) | rest
    assert mission.program("reporter").post(f"{API}/reports", json=body).status_code == 201
    mission.clock.advance(0.01)
    keeper.step()


def test_a_subscriber_reads_acknowledges_and_keeps_the_receipts(mission: Mission, route: str, keeper: AlertKeeper):
    duty = mission.program("duty_officer")
    subscription = subscribe(duty, routes=[route])
    report(mission, keeper)
    assert duty.get(f"{API}/alerts/count").json == {"unread": 2}
    alerts = duty.get(f"{API}/alerts").json["alerts"]
    assert sorted(alert["kind"] for alert in alerts) == ["record", "state"]
    assert {alert["subscription_title"] for alert in alerts} == {"my watch"}
    assert {alert["subscription"] for alert in alerts} == {subscription}
    page = duty.get(f"{API}/alerts").json["alerts"][0]["deliveries"][0]
    assert (page["channel"], page["status"]) == ("page", "delivered")
    ids = [alert["id"] for alert in alerts]
    first = duty.post(f"{API}/alerts/acknowledge", json={"alerts": ids}).json
    mission.clock.advance(1)
    assert duty.post(f"{API}/alerts/acknowledge", json={"alerts": ids}).json == first
    assert duty.get(f"{API}/alerts/count").json == {"unread": 0}
    assert duty.get(f"{API}/alerts?unread=true").json["alerts"] == []


def test_nobody_reads_or_acknowledges_what_is_anothers(mission: Mission, route: str, keeper: AlertKeeper):
    duty, chief = mission.program("duty_officer"), mission.program("chief_joc")
    subscription = subscribe(duty)
    report(mission, keeper)
    ids = [alert["id"] for alert in duty.get(f"{API}/alerts").json["alerts"]]
    assert chief.get(f"{API}/alerts").json["alerts"] == []
    assert chief.post(f"{API}/alerts/acknowledge", json={"alerts": ids}).status_code == 404
    assert chief.get(f"{API}/subscriptions/{subscription}").status_code == 404
    assert chief.put(f"{API}/subscriptions/{subscription}", json=wanted()).status_code == 404
    assert chief.delete(f"{API}/subscriptions/{subscription}").status_code == 404
    assert duty.delete(f"{API}/subscriptions/{subscription}").status_code == 204
    assert duty.get(f"{API}/subscriptions").json == {"subscriptions": []}


def test_what_one_may_not_read_any_more_reads_as_restricted(mission: Mission, route: str, keeper: AlertKeeper):
    subscribe(mission.program("duty_officer"))
    report(mission, keeper, classification="confidential")
    mission.clear("duty_officer", "unclassified")
    text = mission.program("duty_officer").get(f"{API}/alerts").get_data(as_text=True)
    assert "Restricted reason, contact JOC" in text
    assert "device" not in text.lower()
    assert "hazard" not in text.lower()


def test_every_bad_member_is_named(mission: Mission, route: str, keeper: AlertKeeper):
    duty = mission.program("duty_officer")
    bad = wanted(
        title=" ", routes=["unknown"], area_id="unknown", profile="P99", email=True, unit_routes=True,
        webhook="http://127.0.0.1/", quiet_from="25:00", geometry={"type": "Point", "coordinates": [0, 0]},
    )  # fmt: skip
    answer = duty.put(f"{API}/subscriptions/{uuid.uuid4()}", json=bad)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json["errors"]} == {
        "title", "routes", "area_id", "profile", "email", "unit_routes", "webhook", "quiet_from", "quiet_to",
        "geometry",
    }  # fmt: skip


def test_a_stale_change_of_a_subscription_is_refused_with_what_is_there(mission: Mission, route: str, keeper: Any):
    duty = mission.program("duty_officer")
    subscription = subscribe(duty)
    address = f"{API}/subscriptions/{subscription}"
    assert duty.put(address, json=wanted()).json["version"] == 1
    assert duty.put(address, json=wanted(title="second", version=1)).json["version"] == 2
    answer = duty.put(address, json=wanted(title="third", version=1))
    assert (answer.status_code, answer.json["details"]["current"]["title"]) == (409, "second")


def test_the_pages_work_without_scripts(mission: Mission, route: str, keeper: AlertKeeper):
    browser = mission.browser("duty_officer")
    assert "You have no subscription" in browser.get("/alerts").get_data(as_text=True)
    form = browser.get("/alerts/subscriptions/new")
    assert form.status_code == 200
    address = f"/alerts/subscriptions/{uuid.uuid4()}"
    bad = browser.post(address, data={"title": "", "moves": "stretch_worse"})
    assert bad.status_code == 422
    assert "nothing: expected a few words" in bad.get_data(as_text=True)
    data = {"title": "Heron", "moves": "stretch_worse", "routes": [route], "kinds": ["explosive"], "profile": "P3"}
    data |= {"user_class": "mission_military", "quiet_from": "22:00", "quiet_to": "05:30"}
    assert browser.post(address, data=data).status_code == 303
    report(mission, keeper)
    page = browser.get("/alerts").get_data(as_text=True)
    assert "Explosive hazard reported: MSR HERON" in page
    assert "not acknowledged" in page or "not shown yet" in page
    assert "data-alert-count>2<" in browser.get("/routes").get_data(as_text=True)
    ids = [alert["id"] for alert in mission.program("duty_officer").get(f"{API}/alerts").json["alerts"]]
    assert browser.post("/alerts/acknowledge", data={"alert": ids}).status_code == 303
    assert "2 acknowledged." in browser.get("/alerts").get_data(as_text=True)
    assert "data-alert-count hidden" in browser.get("/routes").get_data(as_text=True)
    assert browser.post(f"{address}/delete").status_code == 303


def test_my_routes_are_those_of_my_unit_and_are_acknowledged(mission: Mission, route: str, keeper: AlertKeeper):
    browser, lead = mission.browser("reporter"), mission.browser("leadership")
    page = browser.get("/my-routes").get_data(as_text=True)
    assert "key routes of unit of reporter" in page
    assert "Units that acknowledged" not in page
    found = mission.program("reporter").get(f"{API}/my-routes").json
    data = {"seen_at": found["at"], "version": found["version"], "route": [route]}
    assert browser.post("/my-routes/acknowledge", data=data).status_code == 303
    assert "Acknowledged. Receipt 1." in browser.get("/my-routes").get_data(as_text=True)
    assert "Units that acknowledged" in lead.get("/my-routes").get_data(as_text=True)
    units = mission.program("leadership").get(f"{API}/acknowledgements").json
    assert {row["unit"]: row["has_acknowledged"] for row in units["units"]}["unit of reporter"]
    assert (units["acknowledged"], units["of"], units["is_met"]) == (1, 3, False)


def shown_rows(mission: Mission) -> list[tuple[str, str, str]]:
    mission.app.extensions["fom.shown"].flush()
    with mission.database.reading() as session:
        query = select(User.email, Shown.kind, Shown.subject).join(User, User.id == Shown.user_id)
        return sorted(tuple(row) for row in session.execute(query))


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/", "map"), (f"{API}/states", "map"), ("/routes", "routes"), (f"{API}/routes", "routes"),
        ("/routes/{route}", "route"), (f"{API}/segments/a-b", "segment"), ("/briefing.html", "export"),
        (f"{API}/facts", "export"), ("/my-routes", "routes"),
        ("/planner?from=30.0,5.09&to=30.18,5.09", "plan"),
    ],
)  # fmt: skip
def test_who_is_shown_states_is_noted_on_every_page_that_shows_them(
    mission: Mission, route: str, address: str, kind: str
):
    if kind == "plan":
        passed = {"kind": "verification", "strength": "own_patrol_traverse", "occurred": "2026-03-10T11:00:00Z"}
        passed |= {"passed": "P6", "track": "gps", "segments": [{"id": "a-b"}, {"id": "b-c"}]}
        record = {"type": "Feature", "geometry": None, "properties": passed}
        body = {"id": str(uuid.uuid4()), "form": "passage", "records": [record]}
        assert mission.program("reporter").post(f"{API}/reports", json=body).status_code == 201
    assert mission.browser("duty_officer").get(address.format(route=route)).status_code == 200
    assert [(who, what) for who, what, _ in shown_rows(mission)] == [(email_of("duty_officer"), kind)]


def test_a_plan_over_the_api_is_noted_with_its_roads_and_whom_it_proves_wrong_is_told(
    mission: Mission, route: str, keeper: AlertKeeper
):
    chief = mission.program("chief_joc")
    passed = {"kind": "verification", "strength": "own_patrol_traverse", "occurred": "2026-03-10T11:00:00Z"}
    passed |= {"passed": "P6", "track": "gps", "segments": [{"id": "a-b"}, {"id": "b-c"}]}
    record = {"type": "Feature", "geometry": None, "properties": passed}
    body = {"id": str(uuid.uuid4()), "form": "passage", "records": [record]}
    assert mission.program("reporter").post(f"{API}/reports", json=body).status_code == 201
    answer = chief.post(f"{API}/plans", json={"from": list(PLACES["A"]), "to": list(PLACES["C"])})
    assert answer.json["outcome"] == "route"
    report(mission, keeper)
    (alert,) = chief.get(f"{API}/alerts").json["alerts"]
    assert alert["kind"] == "false_state"
    assert "a plan" in alert["text"]
    assert alert["details"]["lines"][0]["segments"] == ["a-b"]


def test_the_count_costs_tiles_and_endpoints_no_query(mission: Mission, route: str):
    asked: list[str] = []
    event.listen(mission.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    client = mission.browser("duty_officer")
    network = mission.host.network.network_id
    for address in (f"/tiles/{network}/8/149/124.mvt", f"{API}/states", f"{API}/me"):
        asked.clear()
        assert client.get(address).status_code in (200, 204)
        assert not [statement for statement in asked if "delivery" in statement]
    asked.clear()
    client.get("/routes")
    assert len([statement for statement in asked if "delivery" in statement]) == 1
