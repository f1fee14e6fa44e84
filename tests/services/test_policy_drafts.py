"""Parameters change by two persons, on the ground of what would change; whatever is wrong is told at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from fom.domain.states import NO_STATE
from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.services.auditing import list_audit
from fom.services.key_routes import list_key_routes
from fom.services.policies import find_edition, list_editions
from fom.services.policy_drafts import (
    DraftRequest,
    ParameterChange,
    confirm_policy_draft,
    get_policy_draft,
    list_policy_drafts,
    make_policy_draft,
    propose_policy_draft,
    withdraw_policy_draft,
)
from fom.services.policy_history import describe_policy, list_policies
from fom.services.policy_preview import UNMOVED, describe_preview, preview_policy, roads_of, seen_figures
from fom.services.registers import save_register
from fom.store.tables import Change
from tests.services.ground import Clock, make_host, settle
from tests.services.people import AMINA, AUDITOR, CHIEF, HOUR, LEAD, PARTNER, T0, hazard, incident, new_id, person
from tests.services.policies import SEEN, changed, publish
from tests.services.test_picture_host import P, U, report
from tests.services.test_registers import ROWS

DEPUTY = person("deputy", "chief_joc")


def make(database, request: DraftRequest, *, actor=CHIEF, now: int = T0) -> dict[str, Any]:
    with database.writing() as session:
        return make_policy_draft(session, request, actor=actor, now=now)


def propose(database, draft_id: str, *, actor=CHIEF, now: int = T0) -> dict[str, Any]:
    with database.writing() as session:
        return propose_policy_draft(session, draft_id, seen=SEEN, actor=actor, now=now)


def confirm(database, draft_id: str, *, actor=LEAD, now: int = T0) -> dict[str, Any]:
    with database.writing() as session:
        return confirm_policy_draft(session, draft_id, seen=SEEN, actor=actor, now=now)


def fields_of(refused) -> set[str]:
    return {error.field for error in refused.value.errors}


def test_everything_wrong_with_a_draft_is_told_at_once(database):
    request = DraftRequest(
        id="no uuid",
        base=0,
        reason=" ",
        changes=(
            ParameterChange("risk_red", 0.1, "stricter"),
            ParameterChange("risk_rde", 0.1, "a slip"),
            ParameterChange("gps_m", "wide", "receivers"),
            ParameterChange("toll_h", 100),
            ParameterChange("profiles.P3.mlc", -4, "light"),
            ParameterChange("verification_h", 72, "a family is no parameter"),
            ParameterChange("risk_amber", True, "no number"),
        ),
    )
    with pytest.raises(InvalidInput) as refused:
        make(database, request)
    expected = {"id", "reason", "risk_rde", "gps_m", "toll_h.reason", "profiles.P3.mlc", "verification_h", "risk_amber"}
    assert fields_of(refused) >= expected
    with database.reading() as session:
        assert list_policy_drafts(session, actor=CHIEF) == []


def test_values_that_do_not_fit_each_other_are_told_together(database):
    with pytest.raises(InvalidInput) as refused:
        make(database, changed(0, {"risk_red": 0.2, "confirmed_min": 0.1, "override_max_h": 900}))
    assert {"risk_amber", "suspected_min", "override_max_h"} <= fields_of(refused)


@pytest.mark.parametrize("values", [{}, {"risk_red": 0.6}])
def test_a_draft_in_which_nothing_differs_is_refused(database, values):
    with pytest.raises(InvalidInput, match="nothing differs"):
        make(database, changed(0, values))


def test_the_same_request_again_is_the_same_draft_and_another_one_is_a_conflict(database):
    request = changed(0, {"risk_red": 0.7})
    first = make(database, request)
    assert make(database, request, now=T0 + HOUR) == first
    with pytest.raises(Conflict, match="another body"):
        make(database, replace(request, reason="other"))
    with pytest.raises(Conflict, match="another body"):
        make(database, request, actor=DEPUTY)


def test_two_persons_publish_and_both_names_reasons_and_figures_are_kept(database):
    draft = make(database, changed(0, {"risk_red": 0.7, "profiles.P7.mlc": 60}))
    with pytest.raises(Conflict, match="nobody has proposed"):
        confirm(database, draft["id"])
    propose(database, draft["id"])
    with pytest.raises(NotPermitted, match="two_persons"):
        confirm(database, draft["id"], actor=CHIEF)
    published = confirm(database, draft["id"], now=T0 + HOUR)
    with pytest.raises(Conflict, match="already"):
        confirm(database, draft["id"], actor=DEPUTY)
    with database.reading() as session:
        (newest, defaults) = list_policies(session, actor=PARTNER)
        assert session.get(Change, published["change"]).kind == "policy"
        lines = [line["action"] for line in list_audit(session, actor=AUDITOR)]
        assert get_policy_draft(session, draft["id"], actor=LEAD)["status"] == "published"
    assert (newest["proposed_by"], newest["published_by"]) == (CHIEF.person, LEAD.person)
    assert newest["seen"] == {"proposed": SEEN, "confirmed": SEEN}
    assert [(c["parameter"], c["before"], c["after"], c["reason"]) for c in newest["changes"]] == [
        ("risk_red", 0.6, 0.7, "risk_red in trial"),
        ("profiles.P7.mlc", 70, 60, "profiles.P7.mlc in trial"),
    ]
    assert (newest["number"], newest["base"], defaults["number"]) == (published["number"], 0, 0)
    assert lines[-3:] == ["draft_policy", "propose_policy", "publish_policy"]


def test_who_may(database):
    draft = make(database, changed(0, {"risk_red": 0.7}))
    for actor in (AMINA, PARTNER, LEAD):
        with pytest.raises(NotPermitted):
            make(database, changed(0, {"risk_red": 0.8}), actor=actor)
        with pytest.raises(NotPermitted):
            propose(database, draft["id"], actor=actor)
    propose(database, draft["id"])
    with pytest.raises(NotPermitted):
        confirm(database, draft["id"], actor=AMINA)
    with database.reading() as session:
        with pytest.raises(NotPermitted):
            get_policy_draft(session, draft["id"], actor=AMINA)
        with pytest.raises(NotPermitted):
            list_policies(session, actor=AUDITOR)
        with pytest.raises(NotFound):
            get_policy_draft(session, new_id(), actor=CHIEF)


def test_a_draft_of_an_edition_that_is_not_in_force_any_more_is_not_published(database):
    waiting, unproposed = (make(database, changed(0, {"risk_red": value})) for value in (0.7, 0.8))
    propose(database, waiting["id"])
    number = publish(database, {"toll_h": 48}, now=T0 + HOUR)
    for act in (
        lambda: confirm(database, waiting["id"]),
        lambda: propose(database, unproposed["id"]),
        lambda: make(database, changed(0, {"risk_red": 0.9})),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.details["current"] == number
    with database.reading() as session:
        assert find_edition(session, number).policy.risk_red == 0.6


def test_a_withdrawn_draft_stays_withdrawn(database):
    draft = make(database, changed(0, {"risk_red": 0.7}))
    propose(database, draft["id"])
    with database.writing() as session:
        withdraw_policy_draft(session, draft["id"], reason="too harsh", actor=LEAD, now=T0)
    with pytest.raises(Conflict, match="withdrawn"):
        confirm(database, draft["id"])
    with database.reading() as session:
        assert list_policy_drafts(session, actor=CHIEF) == []


def test_an_earlier_edition_comes_back_as_a_draft_of_its_own(database):
    new = {"vehicle": "wheeled", "mass_t": 11, "mlc": 11, "width_m": 2.5, "height_m": 3, "ford_depth_m": 0.6}
    publish(database, {"risk_red": 0.7}, now=T0)
    publish(database, {"risk_red": 0.8, **{f"profiles.lorry.{n}": v for n, v in new.items()}}, now=T0 + HOUR)
    draft = make(database, DraftRequest(id=new_id(), base=2, reason="too lax", copy_of=1))
    assert {c["parameter"]: c["after"] for c in draft["changes"]} == {
        "risk_red": 0.7,
        **{f"profiles.lorry.{name}": None for name in new},
    }
    propose(database, draft["id"])
    confirm(database, draft["id"])
    with database.reading() as session:
        first, third = find_edition(session, 1), find_edition(session, 3)
        assert (first.policy, first.profiles) == (third.policy, third.profiles)
        rows = {r["parameter"]: r for s in describe_policy(session, actor=PARTNER)["sections"] for r in s["parameters"]}
    assert (rows["risk_red"]["reason"], rows["risk_red"]["is_changed"]) == ("too lax", True)
    assert rows["toll_h"]["reason"] == "as a denial of others"


def test_published_editions_are_not_changed_nor_deleted(database):
    publish(database, {"risk_red": 0.7}, now=T0)
    with pytest.raises(Exception, match="append-only"), database.writing() as session:
        session.execute(text("UPDATE policy_version SET policy = '{}'"))
    with database.reading() as session:
        assert list_editions(session)[-1].policy.risk_red == 0.7


@pytest.fixture
def ground(database):
    settle(database)
    clock = Clock()
    host = make_host(database, clock)
    report(database, hazard(at=(30.005, 5.0005)), actor=AMINA)  # 55 m beside the road
    report(database, incident(at=(30.105, 5.0), grade="A1", type="detonation"), actor=AMINA)
    with database.writing() as session:
        ways = [{"id": name, "direction": "forward"} for name in ("west", "middle", "east")]
        values = {"id": new_id(), **ROWS["key_route"], "segments": ways}
        save_register(session, "key_route", values, version=None, actor=CHIEF, now=T0)
    host.follow()
    clock.now = T0 + HOUR
    return database, host, clock


CHOICES: tuple[dict[str, Any], ...] = (
    {"near_band_m": 40}, {"corridor_m": 60}, {"risk_red": 0.95, "risk_amber": 0.9},
    {"verification_h.medium": 9, "verification_h.high": 6}, {"near_band_m": 40, "profiles.P3.mlc": 58},
)  # fmt: skip


@pytest.mark.parametrize("values", CHOICES, ids=str)
def test_a_preview_is_what_publishing_would_change_and_touches_nothing(ground, values):
    database, host, clock = ground
    draft = make(database, changed(0, values), now=clock.now - 10)
    host.follow()
    version, before = host.version, host.states(P, U).states
    with database.reading() as session:
        preview = preview_policy(session, host, draft["id"], profile=P, user_class=U, actor=LEAD)
        page = describe_preview(session, host, preview, after=0, limit=50, actor=LEAD)
        question = host.question()
        routes = {row["code"]: row["state"] for row in list_key_routes(session, host, question, actor=CHIEF)}
    assert host.version == version
    assert np.array_equal(host.states(P, U).states, before)
    propose(database, draft["id"])
    confirm(database, draft["id"])
    host.follow()
    after = host.states(P, U).states
    moved = {host.network.segment_id(n) for n in np.flatnonzero((before != after).any(axis=1)).tolist()}
    assert {row["segment_id"] for row in page["segments"]} == moved
    letters = "OC?RX"
    for row in page["segments"]:
        assert row["old"] == "".join(letters[s] for s in before[row["number"]])
        assert row["new"] == "".join(letters[s] for s in after[row["number"]])
        assert row["is_better"] == (after[row["number"], 0] < before[row["number"], 0])
    is_better = [row["is_better"] for row in page["segments"]]
    assert is_better == sorted(is_better, reverse=True)
    assert page["better"]["segments"] == sum(is_better)
    assert page["count"] == sum(step["segments"] for step in page["steps"]) == len(moved)
    codes = np.frombuffer(preview.codes(), np.uint8).reshape(-1, 2)
    assert np.array_equal(codes != UNMOVED, (before != after) & (before != NO_STATE))
    with database.reading() as session:
        now = {row["code"]: row["state"] for row in list_key_routes(session, host, host.question(), actor=CHIEF)}
    assert [r["code"] for r in page["routes"]] == [code for code in now if now[code] != routes[code]]
    assert seen_figures(host, preview).items() <= page.items()


def test_a_preview_follows_the_records_that_come_in_meanwhile(ground):
    database, host, clock = ground
    draft = make(database, changed(0, {"corridor_m": 60}), now=clock.now - 10)
    host.follow()

    def looked() -> np.ndarray:
        with database.reading() as session:
            return preview_policy(session, host, draft["id"], profile=P, user_class=U, actor=CHIEF).after

    first = looked()
    report(database, hazard(at=(30.015, 5.0005)), now=clock.now, actor=AMINA)  # beside the middle road
    host.follow()
    with host.reading() as picture:
        records = list(picture.basis().ledger)
    with database.reading() as session:
        row = get_policy_draft(session, draft["id"], actor=CHIEF)
    assert row["status"] == "draft"
    policy = replace(host.policy, corridor_m=60)
    question = Question(host.now(), host.now(), host.profiles[P], U)
    fresh = Picture(host.network, records, policy=policy, profiles=host.profiles).assess(question).states
    assert np.array_equal(looked(), fresh)
    assert not np.array_equal(first, fresh)


def test_roads_that_change_alike_are_one_row_and_the_largest_step_up_comes_first():
    def row(number: int, ref: str | None, old: str, new: str, *, is_better: bool) -> dict[str, Any]:
        rest = {"segment_id": str(number), "name": None, "highway": "track", "routes": [], "length_m": 10.0 * number}
        return {"number": number, "ref": ref, "old": old, "new": new, "is_better": is_better, **rest}

    rows = [
        row(9, "N1", "CC", "OO", is_better=True), row(1, "N2", "X-", "O-", is_better=True),
        row(2, "N1", "CC", "OO", is_better=True), row(50, None, "OO", "XX", is_better=False),
        row(3, "N1", "CO", "OO", is_better=True),
    ]  # fmt: skip
    found = [(r["road"], r["old"], len(r["segments"]), r["length_m"]) for r in roads_of(rows)]
    expected = [("N2", "X-", 1, 10), ("N1", "CC", 2, 110), ("N1", "CO", 1, 30), ("unnamed, track", "OO", 1, 500)]
    assert found == expected


def test_pages_of_a_preview_hold_every_segment_once(ground):
    database, host, clock = ground
    draft = make(database, changed(0, {"verification_h.medium": 9, "verification_h.high": 6}), now=clock.now - 10)
    found: list[str] = []
    after: int | None = 0
    with database.reading() as session:
        preview = preview_policy(session, host, draft["id"], profile=P, user_class=U, actor=CHIEF)
        while after is not None:
            page = describe_preview(session, host, preview, after=after, limit=1, actor=CHIEF)
            found += [row["segment_id"] for row in page["segments"]]
            after = page["next"]
    assert len(found) == len(set(found)) == page["count"] > 1


def test_a_class_that_the_draft_takes_away_cannot_be_looked_at(ground):
    database, host, clock = ground
    new = {"vehicle": "wheeled", "mass_t": 11, "mlc": 11, "width_m": 2.5, "height_m": 3, "ford_depth_m": 0.6}
    publish(database, {f"profiles.lorry.{n}": v for n, v in new.items()}, now=clock.now - 60)
    host.follow()
    listener = host.subscribe("lorry", U)
    draft = make(database, DraftRequest(id=new_id(), base=1, reason="nobody drives it", copy_of=0), now=clock.now - 30)
    with database.reading() as session, pytest.raises(InvalidInput, match="a class that the draft keeps"):
        preview_policy(session, host, draft["id"], profile="lorry", user_class=U, actor=CHIEF)
    propose(database, draft["id"])
    confirm(database, draft["id"])
    host.follow()
    assert listener.is_closed
    with pytest.raises(InvalidInput, match="lorry"):
        host.states("lorry", U)
