"""Alerts over the API and as pages: one's own only, with receipts; what is shown is noted; tiles cost nothing more."""

from __future__ import annotations

import html
import time
import uuid
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shapely.geometry import shape
from sqlalchemy import event, select

from fom.domain.geodesy import distance_m
from fom.services.alerts.keeper import AlertKeeper
from fom.services.alerts.settings import Outside
from fom.services.shown import ShownLog
from fom.store.tables import Delivery, Shown, User
from tests.web.conftest import Mission
from tests.web.mission import PLACES, email_of, hazard
from tests.web.test_movements_page import make
from tests.web.test_plans import everything_passed

API = "/api/v1"
SHAPE = {"type": "Polygon", "coordinates": [[[30.0, 5.0], [30.1, 5.0], [30.1, 5.1], [30.0, 5.0]]]}


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
        ("/planner?from=30.0,5.09&to=30.18,5.09", "plan"), (f"{API}/layers/routes", "map"),
        ("/differences?before_at=2026-03-10T11:00", "changes"), ("/reach?from=30.0,5.09", "reach"),
        (f"{API}/differences?before_at=2026-03-10T11:00:00Z", "changes"), (f"{API}/reach?from=30.0,5.09", "reach"),
        (f"{API}/field/bundle", "export"),
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
    assert {(who, what) for who, what, _ in shown_rows(mission)} == {(email_of("duty_officer"), kind)}


def test_an_analysis_is_noted_with_its_name(mission: Mission, route: str):
    client = mission.browser("duty_officer")
    answer = client.get(f"{API}/analysis/isolation")
    until = time.monotonic() + 60
    while answer.status_code == 202 and time.monotonic() < until:
        answer = client.get(answer.headers["Location"])
    assert answer.status_code == 200
    assert shown_rows(mission) == [(email_of("duty_officer"), "analysis", "isolation")]


def test_the_roads_within_reach_are_noted_and_whom_they_prove_wrong_is_told(
    mission: Mission, route: str, keeper: AlertKeeper
):
    passed = {"kind": "verification", "strength": "own_patrol_traverse", "occurred": "2026-03-10T11:00:00Z"}
    passed |= {"passed": "P6", "track": "gps", "segments": [{"id": "a-b"}, {"id": "d-e"}]}
    record = {"type": "Feature", "geometry": None, "properties": passed}
    body = {"id": str(uuid.uuid4()), "form": "passage", "records": [record]}
    assert mission.program("reporter").post(f"{API}/reports", json=body).status_code == 201
    chief, eod = mission.program("chief_joc"), mission.program("eod")
    assert chief.get(f"{API}/reach?from=30.0,5.0901&minutes=30").status_code == 200
    assert eod.get(f"{API}/reach?from=30.0,5.0001&minutes=10").status_code == 200
    report(mission, keeper)
    (alert,) = chief.get(f"{API}/alerts").json["alerts"]
    assert alert["kind"] == "false_state"
    assert "what is within reach" in alert["text"]
    assert eod.get(f"{API}/alerts").json["alerts"] == []


SQUARE = "30.0, 5.0\n30.1, 5.0\n30.1, 5.1\n30.0, 5.1"
WANTED = {"title": "Town", "moves": "stretch_worse", "profile": "P3", "user_class": "mission_military"}


def kept(mission: Mission, **form: Any) -> dict[str, Any]:
    """Return the subscription that the page's form makes, as the API tells it."""
    subscription_id = str(uuid.uuid4())
    answer = mission.browser("duty_officer").post(f"/alerts/subscriptions/{subscription_id}", data=WANTED | form)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return mission.program("duty_officer").get(f"{API}/subscriptions/{subscription_id}").json


def test_an_area_is_drawn_in_the_page_and_drawn_again_as_it_was(mission: Mission, route: str):
    made = kept(mission, area="drawn", corners=SQUARE)
    assert made["geometry"]["coordinates"] == [[[30.0, 5.0], [30.1, 5.0], [30.1, 5.1], [30.0, 5.1], [30.0, 5.0]]]
    assert made["area_id"] is None
    page = mission.browser("duty_officer").get(f"/alerts/subscriptions/{made['id']}").get_data(as_text=True)
    assert "30.100000, 5.100000\n30.000000, 5.100000</textarea>" in page


def test_a_place_and_a_radius_make_a_circle(mission: Mission, route: str):
    circle = shape(kept(mission, area="round", place="5.09 N 30.09 E", radius_km="2,5")["geometry"])
    ends = np.array([distance_m(30.09, 5.09, lon, lat) for lon, lat in circle.exterior.coords])
    assert np.allclose(ends, 2500, rtol=0.01)


def test_an_area_of_the_register_takes_the_place_of_what_was_drawn(mission: Mission, route: str):
    area = {"id": str(uuid.uuid4()), "name": "Old town", "kind": "critical", "geometry": SHAPE}
    assert mission.program("chief_joc").post(f"{API}/areas", json=area).status_code == 201
    made = kept(mission, area="registered", area_id=area["id"], corners=SQUARE, place="nowhere")
    assert (made["area_id"], made["geometry"]) == (area["id"], None)
    assert kept(mission, area="none", area_id=area["id"], corners=SQUARE)["area_id"] is None


def test_a_shape_that_a_program_gave_is_left_as_it_is(mission: Mission, route: str):
    duty = mission.program("duty_officer")
    parts = {"type": "MultiPolygon", "coordinates": [SHAPE["coordinates"]]}
    subscription = subscribe(duty, geometry=parts)
    browser, address = mission.browser("duty_officer"), f"/alerts/subscriptions/{subscription}"
    assert "The shape that a program gave" in browser.get(address).get_data(as_text=True)
    assert browser.post(address, data=WANTED | {"version": "1", "area": "kept"}).status_code == 303
    found = duty.get(f"{API}/subscriptions/{subscription}").json
    assert (found["title"], found["geometry"]) == ("Town", parts)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"area": "drawn", "corners": "30.0, 5.0\n30.1, 5.0"}, "2 positions: expected 3 to 200"),
        ({"area": "drawn", "corners": "30.0, 5.0\nsomewhere\n30.1, 5.1"}, "line 2"),
        ({"area": "drawn", "corners": "30.0, 5.0\n30.1, 5.1\n30.1, 5.0\n30.0, 5.1"}, "valid GeoJSON Polygon"),
        ({"area": "round", "place": "Atlantis", "radius_km": "5"}, "a place or air head of the registers"),
        ({"area": "round", "place": "30.0, 5.0", "radius_km": "wide"}, "wide: expected 0.1 to 300 km"),
        ({"area": "round", "place": "30.0, 5.0", "radius_km": "4000"}, "4000: expected 0.1 to 300 km"),
        ({"area": "registered"}, "nothing: expected one of the areas"),
    ],
)
def test_an_area_that_cannot_be_read_is_named_in_the_form(mission: Mission, route: str, form: Any, said: str):
    answer = mission.browser("duty_officer").post(f"/alerts/subscriptions/{uuid.uuid4()}", data=WANTED | form)
    assert answer.status_code == 422
    text = html.unescape(answer.get_data(as_text=True))
    assert said in text
    assert form.get("corners", "").splitlines()[-1:] == [] or form["corners"].splitlines()[-1] in text


def test_what_is_overdue_leads_to_where_it_is_dealt_with_and_what_did_not_arrive_is_sent_again(
    mission: Mission, route: str, keeper: AlertKeeper
):
    duty = mission.program("duty_officer")
    subscribe(duty, kinds=[], moves="none", checks=["verification"], webhook="https://ops.example:8443/fom")
    mission.clock.advance(1)
    browser = mission.browser("duty_officer")
    keeper.work()
    (alert,) = duty.get(f"{API}/alerts").json["alerts"]
    assert alert["details"]["target"] == {"kind": "key_route", "id": route}
    assert f'href="/routes/{route}">Deal with it' in browser.get("/alerts").get_data(as_text=True)
    with mission.database.writing() as session:
        row = session.get(Delivery, (alert["id"], "webhook"))
        row.status, row.tries, row.last_error = "given_up", 8, "it answered 500"
    assert "Did not arrive" in browser.get("/alerts").get_data(as_text=True)
    path = f"{API}/alerts/{alert['id']}/deliveries/webhook/send-again"
    assert mission.program("chief_joc").post(path).status_code == 404
    assert duty.post(path).status_code == 204
    assert browser.post(f"/alerts/{alert['id']}/send-again", data={"channel": "webhook"}).status_code == 303
    page = browser.get("/alerts").get_data(as_text=True)
    assert "Did not arrive" not in page
    with mission.database.reading() as session:
        assert session.get(Delivery, (alert["id"], "webhook")).status == "waiting"


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


def test_who_looked_at_a_movement_is_told_when_its_way_proves_to_have_been_shut(mission: Mission, keeper: AlertKeeper):
    everything_passed(mission)
    address = make(mission)
    assert mission.browser("duty_officer").get(address).status_code == 200
    assert mission.browser("eod").get("/alerts").status_code == 200
    report(mission, keeper)
    (alert,) = mission.program("duty_officer").get(f"{API}/alerts").json["alerts"]
    assert alert["kind"] == "false_state"
    assert "You were shown it on the way of a movement" in alert["text"]
    assert mission.program("eod").get(f"{API}/alerts").json["alerts"] == []
