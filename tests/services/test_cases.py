"""Cases from a record to their resolution, the clause list, parties and the month, over a real database."""

from __future__ import annotations

from typing import Any

import pytest

from fom.domain.instants import format_instant, parse_instant
from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.exchange.sheets import cell
from fom.services.case_loading import load_case_steps, load_clause_lists
from fom.services.cases import CaseFilter, StepDraft, add_case_step, get_case, list_cases, open_case_from
from fom.services.clause_lists import check_clause_list, get_clause_list, publish_clause_list
from fom.services.monthly import case_sheet, extract_sheet, extract_values, month_extract
from fom.services.parties import list_parties, show_party
from fom.services.registers import get_register, list_register, register_history, save_register
from fom.services.standing import list_standing
from fom.store.audit import verify_chain
from tests.services.ground import feature, write
from tests.services.people import ADMIN, AMINA, CHIEF, DAY, HOUR, LEAD, PARTNER, PATROL, T0, new_id, person

CLAUSE = {"code": "SA 4", "title": "Roads", "summary": "Moves freely.", "secures": "movement by road"}
AT = format_instant(T0)
CLEARED = person("cleared", "duty_officer", clearance="strictly_confidential")


def opened(database, *, now: int = T0, by=AMINA, **members) -> dict[str, Any]:
    values = {"id": new_id(), "category": "denial_of_movement", "actor": "host_police", **members}
    values.setdefault("opened_at", format_instant(now))
    with database.writing() as session:
        return save_register(session, "restriction_case", values, version=None, actor=by, now=now)


def stepped(database, case: dict[str, Any], kind: str, *, now: int, actor=AMINA, **rest) -> dict[str, Any]:
    with database.writing() as session:
        draft = StepDraft(id=rest.pop("id", None) or new_id(), kind=kind, **rest)
        return add_case_step(session, case["id"], draft, actor=actor, now=now)


def protested(database, case, *, now: int, **rest) -> dict[str, Any]:
    note = {"reference": "NV 7/26", "addressee": "ministry", **rest}
    return stepped(database, case, "protest_sent", now=now, **note)


def moved(database, number: int, *, days: float, outcome: str = "proceeded", **rest) -> str:
    values = {
        "id": f"m{number}", "code": f"M{number}", "purpose": "convoy", "user_class": "mission_military",
        "planned_start": format_instant(T0 - round(days * DAY)), "outcome": outcome, **rest,
    }  # fmt: skip
    with database.writing() as session:
        return save_register(session, "movement", values, version=None, actor=CHIEF, now=T0)["id"]


# steps


def test_steps_move_a_case_and_the_register_says_so_too(database):
    case = opened(database)
    assert protested(database, case, now=T0 + HOUR)["state"] == "protested"
    assert stepped(database, case, "reply_received", now=T0 + 2 * HOUR)["state"] == "answered"
    done = stepped(database, case, "resolved", now=T0 + 3 * HOUR, words="passes again")
    assert done["state"] == "resolved"
    with database.reading() as session:
        row = get_register(session, "restriction_case", case["id"], actor=AMINA)
        history = register_history(session, "restriction_case", case["id"], actor=AMINA)
        assert verify_chain(session).is_intact
    assert (row["protest_no"], row["protest_at"]) == ("NV 7/26", format_instant(T0 + HOUR))
    assert row["resolved_at"] == format_instant(T0 + 3 * HOUR)
    assert [sorted(line["changes"]) for line in history[1:]] == [["protest_at", "protest_no"], ["resolved_at"]]
    stepped(database, case, "reopened", now=T0 + 4 * HOUR, words="stopped again")
    with database.reading() as session:
        assert get_register(session, "restriction_case", case["id"], actor=AMINA)["resolved_at"] is None


def test_a_step_sent_twice_is_entered_once_and_another_under_its_id_is_refused(database):
    case, name = opened(database), new_id()
    first = stepped(database, case, "note", now=T0 + HOUR, id=name, words="seen")
    assert stepped(database, case, "note", now=T0 + 2 * HOUR, id=name, words="seen") == first
    with pytest.raises(Conflict):
        stepped(database, case, "note", now=T0 + HOUR, id=name, words="other")
    with pytest.raises(Conflict):
        stepped(database, opened(database), "note", now=T0 + HOUR, id=name, words="seen")


def test_a_wrong_protest_is_corrected_not_rewritten(database):
    case = opened(database)
    wrong = protested(database, case, now=T0 + HOUR, id="wrong")
    assert wrong["has_protest"]
    right = stepped(database, case, "note", now=T0 + 2 * HOUR, words="never sent", corrects="wrong")
    assert right["state"] == "open"
    assert right["protest_no"] is None
    assert right["progress"].steps[0].id == "wrong"
    with pytest.raises(InvalidInput) as refused:
        stepped(database, case, "note", now=T0 + 3 * HOUR, words="x", corrects="nothing")
    assert refused.value.errors[0].field == "corrects"


def test_what_was_known_of_a_case_then_stays(database):
    case = opened(database)
    protested(database, case, now=T0 + 2 * DAY, at=T0 + DAY)
    with database.reading() as session:
        before = get_case(session, case["id"], actor=AMINA, at=T0 + 3 * DAY, known_at=T0 + DAY)
        after = get_case(session, case["id"], actor=AMINA, at=T0 + 3 * DAY, known_at=T0 + 2 * DAY)
    assert (before["state"], after["state"]) == ("open", "protested")


@pytest.mark.parametrize("actor", [PATROL, PARTNER, LEAD, ADMIN])
def test_only_those_who_follow_cases_enter_steps(database, actor):
    case = opened(database)
    with pytest.raises(NotPermitted):
        stepped(database, case, "note", now=T0 + HOUR, actor=actor, words="seen")


# what a viewer sees


def test_neither_rows_nor_counts_nor_rates_give_a_hidden_case_away(database):
    opened(database)
    for number in range(6):
        hidden = opened(database, by=CLEARED, classification="strictly_confidential", clause=f"hidden {number}")
        stepped(database, hidden, "note", now=T0 + HOUR, actor=CLEARED, words="x")
    known = T0 + DAY

    def seen(actor) -> str:
        with database.reading() as session:
            listed = list_cases(session, CaseFilter(), actor=actor, at=known)
            party = show_party(session, "host_police", actor=actor, at=known)
            everybody = list_parties(session, actor=actor, at=known)
            month = month_extract(session, "2026-03", actor=actor, known_at=known, now=known)
            told = (listed, party, everybody, extract_values(month), case_sheet(month, {}))
            return str(told)

    with_hidden, cleared = seen(AMINA), seen(CLEARED)
    assert "hidden" not in with_hidden
    assert "hidden 3" in cleared
    with database.reading() as session:
        assert list_cases(session, CaseFilter(), actor=AMINA, at=known)["counts"]["all"] == 1
        assert show_party(session, "host_police", actor=AMINA, at=known)["rate"].events == 1
        assert show_party(session, "host_police", actor=CLEARED, at=known)["rate"].events == 7
        assert month_extract(session, "2026-03", actor=AMINA, known_at=known, now=known)["total"]["rate"].events == 1
        for row in list_register(session, "restriction_case", actor=CLEARED):
            if row["classification"] == "strictly_confidential":
                with pytest.raises(NotFound):
                    get_case(session, row["id"], actor=AMINA, at=known)


def test_a_partner_and_a_patrol_read_no_cases(database):
    opened(database, classification="unclassified")
    with database.reading() as session:
        for actor in (PARTNER, PATROL):
            assert list_register(session, "restriction_case", actor=actor) == []
            with pytest.raises(NotPermitted):
                list_cases(session, CaseFilter(), actor=actor, at=T0)
            with pytest.raises(NotPermitted):
                list_parties(session, actor=actor, at=T0)


def test_filters_narrow_rows_and_counts_alike(database):
    opened(database, admin_unit="north", clause="9")
    other = opened(database, admin_unit="south")
    stepped(database, other, "resolved", now=T0 + HOUR, words="done")
    with database.reading() as session:
        found = list_cases(session, CaseFilter(admin_unit="south", state="unresolved"), actor=AMINA, at=T0 + DAY)
    assert found["rows"] == []
    assert (found["counts"]["all"], found["counts"]["resolved"], found["counts"]["unresolved"]) == (1, 1, 0)


# a case from a record


def control(record_id: str, **said) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [30.005, 5.0]}
    located = {"location": {"method": "gps"}, "occurred": format_instant(T0 - HOUR)}
    return feature(record_id, "control", received=T0, geometry=point, **located, **said)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            {"control": "denial", "user_class": "humanitarian", "imposed_by": "host_police"},
            {"category": "denial_of_movement", "actor": "host_police", "user_class": "humanitarian",
             "outcome": "turned_back"},
        ),
        (
            {"control": "toll", "user_class": "mission_military", "delay_min": 25.0},
            {"category": "taxation_or_fee", "actor": "unknown", "delay_min": 25.0, "outcome": "proceeded_late"},
        ),
        (
            {"control": "order", "effect": "permission", "user_classes": ["mission_military", "mission_police"],
             "imposed_by": "host_armed_forces"},
            {"category": "conditions_imposed", "order_id": "r", "standing": True, "basis": "permission",
             "user_class": "mission_military", "actor": "host_armed_forces"},
        ),
    ],
)  # fmt: skip
def test_a_record_proposes_what_it_says_and_no_more(database, said, expected):
    write(database, control("r", **said), now=T0)
    square = {"type": "Polygon", "coordinates": [[[30, 4.9], [30.1, 4.9], [30.1, 5.1], [30, 5.1], [30, 4.9]]]}
    units = [{"type": "Feature", "geometry": square, "properties": {"id": "u1", "name": "North", "kind": "province"}}]
    with database.reading() as session:
        values = open_case_from(session, "r", actor=AMINA, units=units)["values"]
    assert {name: values.get(name) for name in expected} == expected
    assert values["admin_unit"] == "u1"
    assert values["occurred_at"] == format_instant(T0 - HOUR)
    assert "clause" not in values
    row = opened(database, now=T0 + HOUR, **values)
    with database.reading() as session:
        assert open_case_from(session, "r", actor=AMINA)["cases"] == [row["id"]]


def test_a_record_of_another_kind_or_one_not_to_be_seen_makes_no_case(database):
    write(database, feature("s", "season", received=T0, season="dry"), now=T0)
    write(
        database,
        control("secret", control="denial", user_class="medical"),
        now=T0,
        classification="strictly_confidential",
    )
    with database.reading() as session:
        with pytest.raises(InvalidInput):
            open_case_from(session, "s", actor=AMINA)
        for record in ("secret", "nothing"):
            with pytest.raises(NotFound):
                open_case_from(session, record, actor=AMINA)
        with pytest.raises(NotPermitted):
            open_case_from(session, "secret", actor=PATROL)


def test_a_standing_restriction_is_an_order_and_ends_with_its_window(database):
    order = {"control": "order", "effect": "prohibited", "user_classes": ["all"], "imposed_by": "host_police"}
    write(database, control("old", **order, start=format_instant(T0 - 40 * DAY)), now=T0)
    write(database, control("ends", **order, end=format_instant(T0 + 2 * DAY)), now=T0)
    case = opened(database, record_id="old", order_id="old", standing=True)
    lone = opened(database, standing=True, occurred_at=format_instant(T0 - 31 * DAY))
    with database.reading() as session:
        rows = {row["key"]: row for row in list_standing(session, actor=AMINA, at=T0 + DAY)}
        later = {row["key"] for row in list_standing(session, actor=AMINA, at=T0 + 3 * DAY)}
    assert rows.keys() == {"old", "ends", lone["id"]}
    assert {key for key, row in rows.items() if row["is_long"]} == {"old", lone["id"]}
    assert [found["id"] for found in rows["old"]["cases"]] == [case["id"]]
    assert later == {"old", lone["id"]}
    act = feature(
        "act", "closing_act", received=T0 + 4 * DAY, act="lifted", closes=["old"], authority="joc", signed_by=["x"]
    )
    write(database, act, now=T0 + 4 * DAY)
    stepped(database, lone, "resolved", now=T0 + 4 * DAY, words="gone")
    with database.reading() as session:
        assert list_standing(session, actor=AMINA, at=T0 + 5 * DAY) == []
        assert {row["key"] for row in list_standing(session, actor=AMINA, at=T0 + 3 * DAY)} == {"old", lone["id"]}


def test_a_standing_order_must_be_an_order(database):
    write(database, control("d", control="denial", user_class="medical"), now=T0)
    with pytest.raises(InvalidInput) as refused:
        opened(database, order_id="d")
    assert refused.value.errors[0].field == "order_id"


# the clause list


def published(
    database, *clauses, base: int = 0, actor=CHIEF, now: int = T0, title: str = "Agreement"
) -> dict[str, Any]:
    with database.writing() as session:
        return publish_clause_list(
            session, list(clauses), title=title, note_text="as signed", base=base, actor=actor, now=now
        )


def test_a_case_keeps_the_version_it_was_written_under(database):
    assert published(database, CLAUSE)["version"] == 1
    case = opened(database, clause="SA 4", clause_version=1)
    changed = {**CLAUSE, "summary": "Moves after notice."}
    published(database, changed, {**CLAUSE, "code": "SA 5"}, base=1, actor=LEAD, now=T0 + DAY)
    with database.reading() as session:
        assert get_case(session, case["id"], actor=AMINA, at=T0 + DAY)["clause_text"]["summary"] == "Moves freely."
        assert get_clause_list(session, actor=AMINA)["clauses"][0]["summary"] == "Moves after notice."
        assert get_clause_list(session, 1, actor=AMINA)["clauses"][0]["summary"] == "Moves freely."
        checked = check_clause_list(session, [CLAUSE], actor=CHIEF)
    assert (checked["base"], checked["dropped"], checked["changed"]) == (2, ["SA 5"], ["SA 4"])


def test_a_clause_must_be_in_the_version_named_and_old_free_text_stays(database):
    published(database, CLAUSE)
    for members, field in (
        ({"clause": "SA 9", "clause_version": 1}, "clause"),
        ({"clause": "SA 4", "clause_version": 2}, "clause_version"),
        ({"clause_version": 1}, "clause"),
    ):
        with pytest.raises(InvalidInput) as refused:
            opened(database, **members)
        assert refused.value.errors[0].field == field
    assert opened(database, clause="SOMA 12 as typed")["clause"] == "SOMA 12 as typed"


def test_a_list_is_published_by_those_with_the_right_after_the_newest(database):
    with pytest.raises(NotPermitted):
        published(database, CLAUSE, actor=AMINA)
    with pytest.raises(InvalidInput):
        published(database, {"code": "SA 4"})
    published(database, CLAUSE)
    with pytest.raises(Conflict, match="is the newest"):
        published(database, {**CLAUSE, "title": "Ways"})
    with pytest.raises(Conflict, match="exactly this"):
        published(database, CLAUSE, base=1)


# parties


def test_a_party_is_shown_with_its_exposure_trend_and_consent(database):
    for number in range(30):
        moved(database, number, days=1 + number, admin_unit="north")
    for number in range(30, 60):
        moved(database, number, days=40 + (number - 30) * 2, admin_unit="north")
    for number in range(6):
        opened(database, movement_id=f"m{number}", admin_unit="north", outcome="turned_back",
               opened_at=format_instant(T0 - (1 + number) * DAY))  # fmt: skip
    opened(database, actor="community", opened_at=format_instant(T0 - DAY))
    opened(database, actor="nature", category="natural_or_infrastructure")
    with database.reading() as session:
        page = show_party(session, "host_police", actor=AMINA, at=T0)
        everybody = list_parties(session, actor=AMINA, at=T0)
        of_relief = show_party(session, "host_police", actor=AMINA, at=T0, user_class="humanitarian")
    assert (page["rate"].events, page["rate"].movements) == (6, page["share"].attempted)
    assert page["trend"].is_alarm
    (north,) = [row for row in page["consent"] if row.admin_unit == "north"]
    assert (north.now.unimpeded, north.now.attempted) == (page["rate"].movements - 1 - 6, page["rate"].movements - 1)
    assert (everybody["violations"], everybody["attributed"]) == (7, 7)
    assert (of_relief["rate"].movements, of_relief["rate"].per_100) == (0, None)
    assert not next(f for f in everybody["parties"] if f["party"] == "community")["trend"].is_alarm
    assert next(f for f in everybody["parties"] if f["party"] == "host_state")["trend"].is_alarm
    with database.reading() as session, pytest.raises(NotFound):
        show_party(session, "nature", actor=AMINA, at=T0)


def test_commitments_are_kept_broken_open_or_overdue(database):
    rows = (
        {"due_at": format_instant(T0 + 2 * DAY)},
        {"due_at": format_instant(T0 + DAY)},
        {"outcome": "broken", "settled_at": format_instant(T0 + DAY), "reason": "a post asked again"},
    )
    for rest in rows:
        values = {"id": new_id(), "actor": "host_police", "promised": "no fees", "promised_by": "ministry"}
        with database.writing() as session:
            save_register(
                session, "commitment", values | {"promised_at": AT} | rest, version=None, actor=AMINA, now=T0 + DAY
            )
    with database.reading() as session:
        page = show_party(session, "host_police", actor=AMINA, at=T0 + DAY + HOUR)
    assert {state: n for state, n in page["promised"].items() if n} == {"open": 1, "overdue": 1, "broken": 1}
    with pytest.raises(InvalidInput) as refused, database.writing() as session:
        save_register(session, "commitment", values | {"promised_at": AT, "outcome": "broken"}, version=None,
                      actor=AMINA, now=T0)  # fmt: skip
    assert {error.field for error in refused.value.errors} == {"settled_at", "reason"}


# the month


def test_the_month_counts_what_the_requirements_ask(database):
    march, end = parse_instant("2026-03-01T00:00:00Z"), parse_instant("2026-04-01T00:00:00Z")
    opened(database, now=march - 25 * DAY)
    old = opened(database, now=march - 20 * DAY)
    prompt = opened(database, now=march + DAY, position="accepted")
    stepped(database, prompt, "action_taken", now=march + DAY + 3 * HOUR, words="called")
    late = opened(database, now=march + 2 * DAY)
    stepped(database, old, "resolved", now=march + 2 * DAY, words="done")
    protested(database, late, now=march + 5 * DAY)
    fresh = opened(database, now=end - HOUR)
    with database.reading() as session:
        extract = month_extract(session, "2026-03", actor=AMINA, known_at=end + DAY, now=end + DAY)
    row = next(row for row in extract["parties"] if row["party"] == "host_police")
    assert row["rate"].events == 3
    assert row["rate"].movements == 3
    assert (row["accepted"]["part"], row["accepted"]["whole"]) == (1, 3)
    assert (row["prompt"]["part"], row["prompt"]["whole"], row["too_young"]) == (1, 2, 1)
    # both of February turned thirty days old in March, the second of March did not
    assert (row["resolved"]["part"], row["resolved"]["whole"]) == (1, 2)
    assert [case["id"] for case in row["open_protests"]] == [late["id"]]
    assert [case["id"] for case in row["overdue_replies"]] == [late["id"]]
    assert fresh["id"] in [case["id"] for case in extract["cases"]]
    assert extract["is_complete"]


def test_an_extract_as_known_then_is_the_same_for_ever(database):
    case = opened(database)
    protested(database, case, now=T0 + DAY)
    known = T0 + 2 * DAY

    def sheets(now: int) -> tuple[bytes, bytes, str]:
        with database.reading() as session:
            extract = month_extract(session, "2026-03", actor=AMINA, known_at=known, now=now)
            return extract_sheet(extract), case_sheet(extract, {}), str(extract_values(extract))

    first = sheets(known)
    stepped(database, case, "reply_received", now=known + HOUR, at=known - HOUR)
    opened(database, now=known + HOUR, occurred_at=format_instant(T0 - DAY))
    moved(database, 1, days=1)
    with database.writing() as session:
        row = get_register(session, "restriction_case", case["id"], actor=AMINA)
        values = {n: v for n, v in row.items() if n not in ("version", "changed_at", "by")} | {"actor": "community"}
        save_register(session, "restriction_case", values, version=row["version"], actor=AMINA, now=known + 2 * HOUR)
    later = sheets(known + 300 * DAY)
    assert later[1:] == first[1:]
    with database.reading() as session:
        other = month_extract(session, "2026-03", actor=AMINA, known_at=known + 3 * HOUR, now=known + 3 * HOUR)
    assert extract_values(other)["total"]["rate"]["events"] == 2


def test_a_month_must_have_begun(database):
    for month, known in (("2026-04", T0), ("2026-13", T0), ("March", T0)):
        with database.reading() as session, pytest.raises(InvalidInput):
            month_extract(session, month, actor=AMINA, known_at=known, now=T0)
    with database.reading() as session, pytest.raises(InvalidInput):
        month_extract(session, "2026-03", actor=AMINA, known_at=T0 + DAY, now=T0)


def test_no_cell_of_a_sheet_is_a_formula(database):
    opened(database, clause="=1+1")
    with database.reading() as session:
        extract = month_extract(session, "2026-03", actor=AMINA, known_at=T0 + DAY, now=T0 + DAY)
    assert b",'=1+1," in case_sheet(extract, {})
    assert [cell(text) for text in ("=x", "+1+1", "-x", "-1", "@a", "\tx", " =x", "a=b", None, -2.5, True)] == [
        "'=x", "'+1+1", "'-x", "-1", "'@a", "'\tx", "' =x", "a=b", "", "-2.5", "yes",
    ]  # fmt: skip


# from a file


def test_lists_and_steps_are_loaded_once_and_known_from_their_own_time(database):
    case = opened(database, now=T0)
    rows = [{"id": "s1", "case_id": case["id"], "kind": "note", "at": format_instant(T0 + DAY), "words": "seen"}]
    lists = [{"title": "A", "note": "first", "published_at": format_instant(T0), "clauses": [CLAUSE]}]
    with database.writing() as session:
        assert load_clause_lists(session, lists, actor=ADMIN, now=T0 + 9 * DAY) == 1
        assert load_case_steps(session, rows, actor=ADMIN, now=T0 + 9 * DAY) == 1
    with database.reading() as session:
        (step,) = get_case(session, case["id"], actor=AMINA, at=T0 + 9 * DAY)["progress"].steps
        assert (step.at, step.received) == (T0 + DAY, T0 + DAY)
    with database.writing() as session:
        with pytest.raises(Conflict):
            load_clause_lists(session, lists, actor=ADMIN, now=T0 + 9 * DAY)
        with pytest.raises(Conflict):
            load_case_steps(session, rows, actor=ADMIN, now=T0 + 9 * DAY)
