"""A new version of the map: reviewed, refused while anything is open, in use at one change, and taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from fom.domain.facts_file import parse_facts
from fom.errors import Conflict, InvalidInput, NotPermitted
from fom.network.drawn import load_network_file
from fom.picture.picture import Picture
from fom.services.activating import announce_network, bring_into_use, current_review, list_versions, show_review
from fom.services.facts_exchange import export_facts
from fom.services.key_routes import define_key_route
from fom.services.map_layers import read_layer
from fom.services.network_review import sign_item
from fom.services.network_switch import NetworkSwitch
from fom.services.picture_events import LETTERS, NetworkEvent
from fom.services.placing_facts import read_place
from fom.services.registers import get_register
from fom.services.reporting import amend_report, log_report
from fom.store.database import Database
from fom.store.records import feature_of, find_records
from fom.store.tables import RecordRow
from tests.services.ground import feature, write
from tests.services.people import ADMIN, AMINA, BASIL, CHIEF, PATROL, T0, draft, hazard, new_id
from tests.services.reimport import HOUR, Reimport, make_reimport

P, U = "P3", "mission_military"
WHY = "seen on the imagery of March"


@pytest.fixture
def area(database, tmp_path) -> Reimport:
    return make_reimport(database, tmp_path)


def announce(area: Reimport) -> None:
    with area.database.writing() as session:
        announce_network(session, area.settings.networks, area.after.network_id, actor=ADMIN, now=area.clock())
    area.hosts.prepare(area.after.network_id)


def items(area: Reimport, actor=CHIEF) -> dict[str, dict]:
    with area.database.reading() as session:
        review = show_review(session, area.hosts, area.settings.networks, area.after.network_id, actor=actor)
    return {item["item"]: item for item in review["items"]}


def sign(area: Reimport, item: str, actor, choice: str = "accept", reason: str = WHY) -> dict:
    with area.database.writing() as session:
        review = current_review(session, area.hosts, area.after.network_id)
        return sign_item(session, review, item, choice=choice, reason=reason, actor=actor, now=area.clock())


def sign_all(area: Reimport) -> None:
    for item, told in items(area).items():
        if not told["is_settled"]:
            sign(area, item, AMINA)
            if told["persons"] == 2:
                sign(area, item, CHIEF)


def activate(area: Reimport, network_id: str | None = None, **more) -> int | None:
    with area.database.writing() as session:
        change = bring_into_use(
            session, area.hosts, area.settings.networks, network_id or area.after.network_id,
            actor=more.pop("actor", CHIEF), now=area.clock(), **more,
        )  # fmt: skip
    area.hosts.follow()
    return change


def letters(host) -> dict[str, str]:
    states = host.states(P, U).states
    return {host.network.segment_id(n): LETTERS[states[n, 0]] for n in range(host.network.n_segments)}


def fact(area: Reimport, record_id: str, kind: str, geometry=None, **said) -> None:
    write(area.database, feature(record_id, kind, received=T0 - HOUR, geometry=geometry, **said), now=T0 - HOUR)


def test_what_the_review_says(area):
    fact(area, "blocked", "physical", damage="blocked", segments=[{"id": "apart"}], grade="A1")
    fact(area, "fallen", "physical", damage="destroyed", asset="bridge", grade="A1")
    fact(area, "mined", "explosive", hazard="item", location={"method": "gps"}, eod_confirmed=True,
         geometry={"type": "Point", "coordinates": [30.002, 5.0]}, **{"class": "mine"})  # fmt: skip
    announce(area)
    found = {(i["kind"], i["subject"]): i["says"] for i in items(area).values()}
    assert found["fact", "blocked"]["problems"] == ["lost"]
    assert found["fact", "fallen"]["problems"] == ["asset_lost"]
    assert ("fact", "mined") not in found, "it lies on the half of the road that it touches, as before"
    rows = [row for (kind, _), says in found.items() if kind == "improvement" for row in says["rows"]]
    better = {(row[0], row[2]): (row[3], row[4]) for row in rows}
    west, kept = area.after.segment_id(1), "middle"
    assert better[west, "state"] == ("BLACK", "GREEN"), "the half of the road without the mine"
    assert all(segment != kept for segment, _ in better), "the bridge is gone from the map, its fall is not"
    with area.database.reading() as session:
        review = show_review(session, area.hosts, area.settings.networks, area.after.network_id, actor=CHIEF)
    assert review["report"]["old"]["split"]["segments"] == review["report"]["old"]["lost"]["segments"] == 1


def test_activation_is_refused_until_the_last_item_is_signed_by_those_who_may(area):
    fact(area, "blocked", "physical", damage="blocked", segments=[{"id": "apart"}], grade="A1")
    fact(area, "mined", "explosive", hazard="item", location={"method": "gps"}, eod_confirmed=True,
         geometry={"type": "Point", "coordinates": [30.002, 5.0]}, **{"class": "mine"})  # fmt: skip
    announce(area)
    with pytest.raises(Conflict, match="open") as refused:
        activate(area)
    listed = refused.value.details["unresolved"]
    assert {i["kind"] for i in listed} == {"fact", "improvement"}
    better = next(i["item"] for i in listed if i["kind"] == "improvement")
    with pytest.raises(NotPermitted):
        sign(area, better, PATROL)
    assert not sign(area, better, AMINA)["is_settled"]
    with pytest.raises(Conflict, match="second person"):
        sign(area, better, AMINA)
    with pytest.raises(NotPermitted, match="chief JOC"):
        sign(area, better, BASIL)
    with pytest.raises(Conflict):
        activate(area)
    assert sign(area, better, CHIEF)["is_settled"]
    blocked = next(i["item"] for i in listed if i["subject"] == "blocked")
    with pytest.raises(InvalidInput, match="reason"):
        sign(area, blocked, AMINA, reason="ok")
    assert sign(area, blocked, AMINA)["is_settled"]
    with pytest.raises(Conflict, match="1 items"):
        activate(area)
    sign_all(area)
    assert not [i for i in items(area).values() if not i["is_settled"]]
    assert activate(area) == area.hosts.current.version
    assert area.hosts.current.network.network_id == area.after.network_id


def test_a_report_after_the_signatures_opens_the_gate_again(area):
    announce(area)
    sign_all(area)
    with area.database.writing() as session:
        log_report(session, draft(hazard(at=(30.105, 5.0))), actor=PATROL, now=area.clock())
    with pytest.raises(Conflict, match="1 items"):
        activate(area)


def test_every_host_goes_over_at_the_change_and_none_before(area):
    other = area.process()
    lonely = area.process()
    announce(area)
    other.prepare(area.after.network_id)
    sign_all(area)
    area.hosts.follow()
    pinned, listener = other.current, other.current.subscribe(P, U)
    change = activate(area)
    assert (area.hosts.current.version, area.hosts.current.network.network_id) == (change, area.after.network_id)
    assert other.current is pinned
    other.follow()
    assert (other.current.version, other.current.network.network_id) == (change, area.after.network_id)
    assert (pinned.version, pinned.network.network_id) == (change - 1, area.base.network_id)
    assert list(listener.waiting()) == [NetworkEvent(change, area.after.network_id)]
    assert listener.is_closed
    assert letters(other.current) == letters(area.process().current)
    assert lonely.follow() == change - 1, "not made ready: it goes on answering as of the change before"
    lonely._preparing.join()
    assert lonely.follow() == change
    assert letters(lonely.current) == letters(other.current)


def test_a_process_that_goes_over_late_tells_the_change_of_the_switch_and_nothing_after_it_is_missed(area):
    other = area.process()
    announce(area)
    other.prepare(area.after.network_id)
    sign_all(area)
    listener = other.current.subscribe(P, U)
    change = activate(area)
    with area.database.writing() as session:
        log_report(session, draft(hazard(at=(30.105, 5.0))), actor=PATROL, now=area.clock())
    other.follow()
    assert other.current.version > change
    (told,) = list(listener.waiting())
    assert told == NetworkEvent(change, area.after.network_id)
    numbers = [event.number for event in other.current.subscribe(P, U, after=told.number).waiting()]
    assert numbers
    assert min(numbers) > change
    assert max(numbers) == other.current.version


def test_who_comes_back_with_an_earlier_event_is_told_of_the_network_only(area):
    announce(area)
    sign_all(area)
    before = area.hosts.current.version
    change = activate(area)
    events = list(area.hosts.current.subscribe(P, U, after=before).waiting())
    assert events == [NetworkEvent(change, area.after.network_id)]
    assert area.hosts.current.states(P, U, since=before).numbers is None


def test_reports_named_on_the_old_map_and_on_the_new_one_both_count(area):
    part = {"id": "west", "from_m": 800, "to_m": 900}
    fact(area, "before", "physical", damage="blocked", segments=[part], grade="A1")
    announce(area)
    sign_all(area)
    activate(area)
    first, second = (area.after.segment_id(n) for n in (0, 1))
    assert letters(area.hosts.current)[second] == "X"
    assert letters(area.hosts.current)[first] == "O"
    write(area.database, feature("later", "physical", received=T0, damage="blocked", grade="A1",
                                 segments=[{"id": first}]), now=T0)  # fmt: skip
    area.hosts.follow()
    assert letters(area.hosts.current)[first] == "X"
    assert letters(area.process().current) == letters(area.hosts.current)


def find_all(session) -> list[RecordRow]:
    return list(session.scalars(select(RecordRow)))


def damage(*stretches: dict, **said) -> dict:
    properties = {"kind": "physical", "damage": "blocked", "segments": list(stretches), "location": {"method": "gps"}}
    return {"type": "Feature", "geometry": None, "properties": properties | said}


def log(area: Reimport, *records: dict, **more):
    host = area.hosts.current
    with area.database.writing() as session:
        logged = log_report(
            session, draft(records=list(records), **more), actor=PATROL, now=area.clock(), network=host.network,
            names=host.names,
        )  # fmt: skip
    area.hosts.follow()
    return logged


def stored(area: Reimport, record_id: str) -> dict:
    with area.database.reading() as session:
        (row,) = find_records(session, [record_id])
        return feature_of(row)["properties"] | {"meta": row.meta}


@pytest.fixture
def turned(area) -> Reimport:
    announce(area)
    sign_all(area)
    activate(area)
    return area


def test_a_report_from_a_page_of_the_former_map_counts_on_all_parts_of_its_road(turned):
    first, second, *_ = (turned.after.segment_id(n) for n in range(turned.after.n_segments))
    whole = log(turned, damage({"id": "west"}))
    said = stored(turned, whole.record_ids[0])
    assert [s["id"] for s in said["segments"]] == [first, second]
    assert said["meta"]["named"] == [{"id": "west"}]
    assert {letters(turned.hosts.current)[i] for i in (first, second)} == {"R"}, "not judged: suspected"
    assert letters(turned.process().current) == letters(turned.hosts.current)


def test_a_stretch_of_a_former_road_is_the_same_ground_today(turned):
    _, second, *_ = (turned.after.segment_id(n) for n in range(turned.after.n_segments))
    part = log(turned, damage({"id": "west", "from_m": 800, "to_m": 900}, {"id": second, "from_m": 10, "to_m": 20}))
    named, beside = stored(turned, part.record_ids[0])["segments"]
    cut = float(turned.after.length_m[0])
    assert (named["id"], beside) == (second, {"id": second, "from_m": 10, "to_m": 20})
    assert (named["from_m"], named["to_m"]) == pytest.approx((800 - cut, 900 - cut), abs=0.5)


@pytest.mark.parametrize(
    ("stretch", "field", "words"),
    [
        ({"id": "apart"}, "segments[0].id", "apart, which is on the map no more"),
        ({"id": "nowhere"}, "segments[0].id", "nowhere"),
        ({"id": "west", "to_m": 5000}, "segments[0].to_m", "5000"),
    ],
)
def test_a_former_road_that_is_gone_is_refused_by_its_name(turned, stretch, field, words):
    with pytest.raises(InvalidInput) as refused:
        log(turned, damage(stretch))
    assert [(e.field, e.came) for e in refused.value.errors] == [(field, words)]


def test_a_road_of_which_a_part_is_gone_says_which(database, tmp_path):
    """The new map ends the road 400 m early."""
    features = [
        {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[a, 5.0], [b, 5.0]]},
         "properties": {"segment_id": name, "highway": "primary", "road_type": "X"}}
        for name, a, b in (("m1", 30.0, 30.01), ("m2", 30.01, 30.02), ("m3", 30.02, 30.0264))
    ]  # fmt: skip
    area = make_reimport(database, tmp_path, load_network_file({"type": "FeatureCollection", "features": features}))
    announce(area)
    sign_all(area)
    activate(area)
    with pytest.raises(InvalidInput) as refused:
        log(area, damage({"id": "east"}))
    (error,) = refused.value.errors
    assert error.field == "segments[0].id"
    assert error.came.startswith("east, of which ")
    assert error.came.endswith(" m are on the map no more")
    assert len(log(area, damage({"id": "east", "to_m": 500})).record_ids) == 1


def test_the_same_report_sent_before_and_after_the_map_is_one(area):
    body = draft(records=[damage({"id": "west"})])
    with area.database.writing() as session:
        log_report(session, body, actor=PATROL, now=area.clock(), network=area.base)
    area.hosts.follow()
    announce(area)
    sign_all(area)
    activate(area)
    host = area.hosts.current
    with area.database.writing() as session:
        again = log_report(session, body, actor=PATROL, now=area.clock(), network=host.network, names=host.names)
    assert not again.is_new
    more = draft(records=[damage({"id": "west"})], words="still blocked")
    with area.database.writing() as session:
        amended = amend_report(
            session, body.id, more, base_version=1, actor=PATROL, now=area.clock(), network=host.network,
            names=host.names,
        )  # fmt: skip
    assert amended.record_ids == again.record_ids, "what it says is what it said"
    assert amended.pending_ids == ()


def test_a_fact_whose_road_is_gone_lies_where_a_person_placed_it(area):
    fact(area, "blocked", "physical", damage="blocked", segments=[{"id": "apart"}], grade="A1")
    bypass = area.after.segment_id(4)
    announce(area)
    item = next(i for i in items(area).values() if i["subject"] == "blocked")
    assert item["can_be_placed"]
    with area.database.writing() as session:
        review = current_review(session, area.hosts, area.after.network_id)
        place = read_place(area.after, position="30.055, 5.0004")
        signed = sign_item(
            session, review, item["item"], choice="accept", reason=WHY, place=place, actor=AMINA, now=area.clock()
        )
    assert (signed["is_settled"], signed["signatures"][0]["place"]) == (True, {"segment": bypass})
    before = letters(area.hosts.current)
    assert before["apart"] == "X", "nothing opens by being placed"
    sign_all(area)
    activate(area)
    assert letters(area.hosts.current)[bypass] == "X"
    assert letters(area.process().current) == letters(area.hosts.current)
    with area.database.reading() as session:
        (again,) = [r for r in find_all(session) if (r.meta or {}).get("placed_from") == "blocked"]
        assert (again.grade, again.properties["segments"]) == ("A1", [{"id": bypass}])
        links = [r.properties["members"] for r in find_all(session) if r.kind == "link"]
    assert links == [["blocked", again.id]]


def test_a_place_that_is_no_road_of_the_new_map_is_refused_by_its_field(area):
    for said, field in (
        ({"segment": "apart"}, "place.segment"), ({"position": "31, 6"}, "place.position"),
        ({"position": "here"}, "place.position"), ({}, "place"),
        ({"segment": "x", "position": "30.055, 5"}, "place"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as refused:
            read_place(area.after, **said)
        assert [error.field for error in refused.value.errors] == [field]
    fact(area, "mine", "explosive", {"type": "Point", "coordinates": [30.005, 5.0001]}, hazard="item",
         **{"class": "mine"}, location={"method": "gps"}, grade="A1")  # fmt: skip
    announce(area)
    for item in items(area).values():
        assert item["can_be_placed"] is False
        with area.database.writing() as session, pytest.raises(InvalidInput) as refused:
            sign_item(
                session, current_review(session, area.hosts, area.after.network_id), item["item"], choice="accept",
                reason=WHY, place={"segment": area.after.segment_id(4)}, actor=AMINA, now=area.clock(),
            )  # fmt: skip
        assert refused.value.errors[0].field == "place"


def test_key_routes_go_on_over_the_pieces_of_their_roads(area):
    host = area.hosts.current
    row_id = new_id()
    with area.database.writing() as session:
        define_key_route(
            session, {"id": row_id, "code": "MSR ONE", "name": "One", "via": [[30.001, 5.0], [30.029, 5.0]]},
            version=None, actor=CHIEF, now=area.clock(), network=host.network, router=host.router,
        )  # fmt: skip
    area.hosts.follow()
    announce(area)
    assert not [i for i in items(area).values() if i["kind"] == "key_route"]
    sign_all(area)
    activate(area)
    with area.database.reading() as session:
        row = get_register(session, "key_route", row_id, actor=CHIEF)
    after = area.after
    assert [s["id"] for s in row["segments"]] == [after.segment_id(0), after.segment_id(1), "middle", "east"]
    ends = [s["to_m"] or float(after.length_m[after.find_segment(s["id"])]) for s in row["segments"]]
    length = sum(end - s["from_m"] for end, s in zip(ends, row["segments"], strict=True))
    assert length == pytest.approx(28 * 111.19 * 0.996, rel=0.01)
    assert len(area.hosts.current._routes["MSR ONE"]) == 4
    assert [s["id"] for r in area.hosts.current._picture._ledger.of_kind("route") if r.id.endswith(".2")
            for s in [{"id": x.segment_id} for x in r.segments]] == [s["id"] for s in row["segments"]]  # fmt: skip


def test_a_key_route_over_a_road_that_is_gone_needs_a_person(area):
    host = area.hosts.current
    with area.database.writing() as session:
        define_key_route(
            session,
            {"id": new_id(), "code": "MSR GONE", "name": "Gone", "segments": [{"id": "apart"}, {"id": "west"}]},
            version=None, actor=CHIEF, now=area.clock(), network=host.network, router=host.router,
        )  # fmt: skip
    announce(area)
    (item,) = [i for i in items(area).values() if i["kind"] == "key_route"]
    assert item["says"]["lost_m"] > 1000
    with pytest.raises(Conflict, match="open"):
        activate(area)


def test_going_back_passes_the_same_gate(area):
    announce(area)
    sign_all(area)
    activate(area)
    back = area.base.network_id
    with area.database.writing() as session:
        announce_network(session, area.settings.networks, back, actor=ADMIN, now=area.clock())
    area.hosts.prepare(back)
    fact(area, "later", "physical", damage="blocked", grade="A1", segments=[{"id": area.after.segment_id(4)}])
    with pytest.raises(Conflict, match="open") as refused:
        activate(area, back)
    assert [i["subject"] for i in refused.value.details["unresolved"] if i["kind"] == "fact"] == ["later"]


def test_in_an_emergency_the_chief_makes_it_as_it_was(area):
    shown = letters(area.hosts.current)
    announce(area)
    sign_all(area)
    activate(area)
    back = area.base.network_id
    with area.database.writing() as session:
        announce_network(session, area.settings.networks, back, actor=ADMIN, now=area.clock())
    area.hosts.prepare(back)
    with pytest.raises(NotPermitted):
        activate(area, back, actor=ADMIN, emergency=WHY)
    change = activate(area, back, emergency=WHY)
    assert area.hosts.current.network.network_id == back
    assert letters(area.hosts.current) == shown
    assert area.hosts.current.version == change


def test_in_an_emergency_too_a_report_of_since_is_not_lost(area):
    announce(area)
    sign_all(area)
    activate(area)
    fact(area, "later", "physical", damage="blocked", grade="A1", segments=[{"id": area.after.segment_id(4)}])
    back = area.base.network_id
    with area.database.writing() as session:
        announce_network(session, area.settings.networks, back, actor=ADMIN, now=area.clock())
    area.hosts.prepare(back)
    with pytest.raises(Conflict, match="1 items"):
        activate(area, back, emergency=WHY)


def test_the_list_says_what_is_in_use_and_what_follows_what(area):
    announce(area)
    with area.database.reading() as session:
        told = list_versions(session, area.settings.networks, actor=ADMIN)
    assert (told["active"], told["candidate"]) == (area.base.network_id, area.after.network_id)
    assert {n["network_id"]: n["follows"] for n in told["networks"]}[area.after.network_id] == area.base.network_id


def test_a_viewer_who_may_not_see_a_fact_is_told_that_there_is_one(area, database: Database):
    write(database, feature("secret", "physical", received=T0 - HOUR, damage="blocked", segments=[{"id": "apart"}],
                            grade="A1"), now=T0, classification="strictly_confidential")  # fmt: skip
    announce(area)
    (item,) = [i for i in items(area, AMINA).values() if i["kind"] == "fact"]
    assert (item["subject"], item["says"]) == ("restricted, contact JOC", {})


def test_an_export_names_the_roads_of_the_map_in_use_and_gives_the_same_answers(area):
    fact(area, "fallen", "physical", damage="destroyed", asset="bridge", grade="A1")
    fact(area, "gone", "physical", damage="blocked", segments=[{"id": "apart"}], grade="A1")
    announce(area)
    sign_all(area)
    activate(area)
    host = area.hosts.current
    with area.database.reading() as session:
        document = export_facts(session, actor=CHIEF, known_at=host.now(), names=host.names)
        layer = read_layer(session, host, "restrictions", host.question(), actor=CHIEF)
    facts = parse_facts(document, network=area.after)
    picture = Picture(area.after, facts.records, policy=facts.policy, profiles=facts.profiles)
    assert (picture.assess(host.question(profile=P, user_class=U)).states == host.states(P, U).states).all()
    assert {f["properties"]["id"] for f in layer["features"]} >= {"fallen", "gone"}, "both are still on the map"


def test_a_fact_on_a_whole_road_follows_to_every_piece_and_a_passage_to_pieces_it_covers(area):
    fact(area, "blocked", "physical", damage="blocked", segments=[{"id": "west"}], grade="A1")
    announce(area)
    sign_all(area)
    activate(area)
    first, second = (area.after.segment_id(n) for n in (0, 1))
    assert [letters(area.hosts.current)[i] for i in (first, second)] == ["X", "X"]
    (passed,) = [r for r in area.hosts.current._picture._ledger.of_kind("verification") if r.id == "passed west"]
    assert [s.segment_id for s in passed.segments] == [first, second]


def test_a_process_that_slept_through_there_and_back_never_answers_from_the_map_between(area):
    sleeper = area.process()
    slept_at, shown = sleeper.follow(), letters(sleeper.current)
    announce(area)
    sign_all(area)
    activate(area)
    back = area.base.network_id
    with area.database.writing() as session:
        announce_network(session, area.settings.networks, back, actor=ADMIN, now=area.clock())
    area.hosts.prepare(back)
    change = activate(area, back, emergency=WHY)
    assert slept_at < sleeper.follow() < change
    assert sleeper.current.network.network_id == back
    sleeper._preparing.join()
    assert sleeper.follow() == change
    assert (sleeper.current.network.network_id, sleeper.current.is_in_use) == (back, True)
    assert letters(sleeper.current) == shown


def test_a_process_that_opens_while_the_map_changes_opens_on_the_new_one(area, monkeypatch):
    announce(area)
    sign_all(area)
    opened = []
    ask = NetworkSwitch._active

    def and_then_it_changes(switch):
        network_id = ask(switch)
        if not opened:
            opened.append(network_id)
            activate(area)
        return network_id

    monkeypatch.setattr(NetworkSwitch, "_active", and_then_it_changes)
    late = area.process()
    assert opened == [area.base.network_id]
    assert (late.current.network.network_id, late.current.is_in_use) == (area.after.network_id, True)
