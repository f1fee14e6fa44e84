"""Around restriction cases: whom to call, dates, papers, what is due, holders of roads, consent, the workbook."""

from __future__ import annotations

import io

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.instants import format_instant, parse_instant
from fom.domain.policy import Policy
from fom.domain.political_dates import occurrences
from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.services.auditing import list_audit
from fom.services.case_papers import (
    PAPERS_MAX,
    PaperDraft,
    keep_paper,
    list_papers,
    open_paper,
    read_paper,
    withdraw_paper,
)
from fom.services.cases import list_due
from fom.services.consent_layer import consent_features
from fom.services.contacts import list_contacts, whom_to_call
from fom.services.holders import HOLDERS, find_holders, holder_values
from fom.services.monthly import extract_book, month_extract
from fom.services.political_calendar import calendar_year, list_dates
from fom.services.registers import save_register
from tests.exchange.test_photos import SECRET, photo
from tests.services.ground import feature, make_network, write
from tests.services.people import AMINA, AUDITOR, CHIEF, DAY, HOUR, LEAD, PARTNER, PATROL, T0, new_id, person
from tests.services.test_cases import CLEARED, moved, opened, protested, stepped

AT = format_instant(T0)


def kept(database, register: str, *, by=CHIEF, now: int = T0, **values) -> dict:
    with database.writing() as session:
        return save_register(session, register, {"id": new_id(), **values}, version=None, actor=by, now=now)


# whom to call


def contact(database, office: str, *, days: float | None = 1, **values) -> dict:
    confirmed = None if days is None else format_instant(T0 - round(days * DAY))
    base = {"actor": "host_police", "office": office, "channel": "Net 4", "confirmed_at": confirmed}
    return kept(database, "liaison_contact", **base | values)


def called(database, **asked) -> list[tuple[str, str]]:
    with database.reading() as session:
        return [(row["office"], row["scope"]) for row in whom_to_call(session, actor=AMINA, at=T0, **asked)]


def test_the_nearest_scope_is_called_first_and_who_was_not_reached_for_long_comes_last(database):
    route = kept(database, "key_route", code="MSR", name="Main", segments=[{"id": "west"}])["id"]
    contact(database, "headquarters")
    contact(database, "north, gone", days=31, admin_unit="north", rank=1)
    contact(database, "north", days=29, admin_unit="north", rank=2)
    contact(database, "south", admin_unit="south")
    contact(database, "road", route=route)
    contact(database, "bridge", lon=30.0, lat=5.0)
    contact(database, "far bridge", lon=30.1, lat=5.0)
    contact(database, "army", actor="host_armed_forces")
    here = {"party": "host_police", "route": route, "admin_unit": "north", "position": (30.005, 5.0)}
    assert called(database, **here) == [
        ("bridge", "place"), ("road", "route"), ("north", "area"), ("north, gone", "area"),
        ("headquarters", "everywhere"),
    ]  # fmt: skip
    assert called(database, party="host_police") == [("headquarters", "everywhere")]
    assert called(database, party="unknown") == [("army", "everywhere"), ("headquarters", "everywhere")]


def test_a_contact_ends_is_hidden_from_others_and_has_both_coordinates_or_none(database):
    contact(database, "closed post", ended_at=AT)
    contact(database, "secret post", classification="strictly_confidential", by=CLEARED)
    with database.reading() as session:
        assert [row["office"] for row in list_contacts(session, actor=CLEARED, at=T0 + HOUR)] == ["secret post"]
        assert [row["office"] for row in list_contacts(session, actor=AMINA, at=T0 - HOUR)] == ["closed post"]
        assert list_contacts(session, actor=AMINA, at=T0 + HOUR) == []
        for outsider in (PATROL, PARTNER):
            with pytest.raises(NotPermitted):
                list_contacts(session, actor=outsider, at=T0)
    with pytest.raises(InvalidInput, match="lat"):
        contact(database, "half a place", lon=30.0)


# dates


def date(starts: str, ends: str | None = None, *, yearly: bool = False, id: str = "d") -> dict:
    return {"id": id, "starts_at": starts, "ends_at": ends, "is_yearly": yearly}


def test_yearly_dates_fall_in_every_year_from_the_first_and_leap_days_on_the_day_before():
    row = date("2024-02-29T00:00:00Z", "2024-03-01T12:00:00Z", yearly=True)
    first, last = parse_instant("2020-01-01T00:00:00Z"), parse_instant("2026-12-31T00:00:00Z")
    found = [format_instant(one.start)[:10] for one in occurrences([row], first, last)]
    assert found == ["2024-02-29", "2025-02-28", "2026-02-28"]
    once = date("2024-02-29T00:00:00Z")
    assert len(occurrences([once], first, last)) == 1


@given(st.integers(0, 2000), st.integers(0, 40), st.integers(0, 2000), st.integers(0, 60), st.booleans())
def test_what_touches_a_span_is_found_and_nothing_else(start_d, length_d, first_d, span_d, yearly):
    zero = parse_instant("2022-01-01T00:00:00Z")
    start = zero + start_d * DAY
    row = date(format_instant(start), format_instant(start + length_d * DAY), yearly=yearly)
    first, last = zero + first_d * DAY, zero + (first_d + span_d) * DAY
    found = occurrences([row], first, last)
    assert all(one.start <= last and one.end >= first for one in found)
    assert any(one.start == start for one in found) == (start <= last and start + length_d * DAY >= first)


def test_the_calendar_stands_beside_what_happened_month_by_month(database):
    kept(database, "political_date", name="Election", kind="election", starts_at="2026-02-10T00:00:00Z")
    kept(database, "political_date", name="Hidden talks", kind="negotiation", starts_at="2026-02-11T00:00:00Z",
         classification="strictly_confidential", by=CLEARED)  # fmt: skip
    moved(database, 1, days=20)
    opened(database, opened_at="2026-02-12T00:00:00Z", movement_id="m1")
    with database.reading() as session:
        told = calendar_year(session, 2026, actor=AMINA, at=T0)
        assert list_dates(session, 0, T0, actor=PATROL) == []
    february = told["months"][1]
    assert [one.row["name"] for one in february["dates"]] == ["Election"]
    assert (february["rate"].events, february["rate"].movements, february["by"]) == (1, 1, {"host_police": 1})
    assert [month["rate"] is None for month in told["months"]] == [False] * 3 + [True] * 9
    assert [month["is_now"] for month in told["months"]].index(True) == 2


# papers

PDF = b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\n%%EOF\n"


def paper(database, folder, case, data: bytes, *, actor=AMINA, id: str | None = None, title="Note, signed", step=None):
    file = read_paper(data)
    with database.writing() as session:
        draft = PaperDraft(id=id or new_id(), title=title, step_id=step)
        return keep_paper(session, case["id"], draft, file, folder=folder, actor=actor, now=T0 + HOUR)


def test_a_paper_is_kept_once_bare_if_a_photo_and_as_it_came_if_a_pdf(database, tmp_path):
    case, id = opened(database), new_id()
    first = paper(database, tmp_path, case, PDF, id=id)
    assert paper(database, tmp_path, case, PDF, id=id) == first
    with pytest.raises(Conflict):
        paper(database, tmp_path, case, PDF + b"\n", id=id)
    picture = paper(database, tmp_path, case, photo())
    with database.writing() as session:
        data, kind, name = open_paper(session, first["id"], folder=tmp_path, actor=AMINA, now=T0 + 2 * HOUR)
        seen, _, _ = open_paper(session, picture["id"], folder=tmp_path, actor=AMINA, now=T0 + 2 * HOUR)
    assert (data, kind, name) == (PDF, "application/pdf", f"{id}.pdf")
    assert SECRET not in seen
    with database.reading() as session:
        assert [row["kind"] for row in list_papers(session, case["id"], actor=AMINA)] == ["pdf", "photo"]
        looks = [line for line in list_audit(session, actor=AUDITOR) if line["action"] == "view_case_paper"]
    assert len(looks) == 2


@pytest.mark.parametrize(
    ("data", "came"),
    [
        (b"MZ\x90 a program", "photo"),
        (b"%PDF-1.7 breaks off", "breaks off"),
        (b"%PDF-1.7\n<</OpenAction <</S /JavaScript /JS (x)>>>>\n%%EOF", "/JavaScript"),
        (b"%PDF-1.7" + b" " * 12 * 1024 * 1024 + b"%%EOF", "12 MB"),
        (b"GIF89a", "photo"),
    ],
)
def test_what_is_no_paper_is_refused_in_words(database, tmp_path, data, came):
    case = opened(database)
    with pytest.raises(InvalidInput, match="file") as refused:
        paper(database, tmp_path, case, data)
    assert came in str(refused.value)
    assert not any(tmp_path.rglob("*.pdf"))


def test_a_paper_needs_a_title_a_step_of_its_case_and_room(database, tmp_path):
    case, other = opened(database), opened(database)
    stepped(database, other, "note", now=T0 + HOUR, words="of another", id="theirs")
    with pytest.raises(InvalidInput, match="title") as refused:
        paper(database, tmp_path, case, PDF, title=" ", step="theirs")
    assert "step_id" in str(refused.value)
    for number in range(PAPERS_MAX):
        paper(database, tmp_path, case, PDF + b"%" * number)
    with pytest.raises(Conflict, match="at most"):
        paper(database, tmp_path, case, PDF)


def test_papers_open_for_those_who_follow_cases_or_grade_and_are_withdrawn_with_a_reason(database, tmp_path):
    case = opened(database)
    row = paper(database, tmp_path, case, PDF)
    hidden = opened(database, classification="strictly_confidential", by=CLEARED)
    secret = paper(database, tmp_path, hidden, PDF, actor=CLEARED)
    with database.reading() as session:
        (seen,) = list_papers(session, case["id"], actor=LEAD)
        assert not seen["may_open"]
    for actor, id, refusal in (
        (LEAD, row["id"], NotPermitted), (PATROL, row["id"], NotPermitted), (AMINA, secret["id"], NotFound),
        (AMINA, new_id(), NotFound),
    ):  # fmt: skip
        with database.writing() as session, pytest.raises(refusal):
            open_paper(session, id, folder=tmp_path, actor=actor, now=T0 + 2 * HOUR)
    with database.writing() as session:
        assert open_paper(session, row["id"], folder=tmp_path, actor=person("jo", "jmac"), now=T0 + 2 * HOUR)[0] == PDF
        with pytest.raises(InvalidInput, match="why"):
            withdraw_paper(session, row["id"], " ", actor=AMINA, now=T0 + 3 * HOUR)
        withdraw_paper(session, row["id"], "wrong case", actor=AMINA, now=T0 + 3 * HOUR)
        with pytest.raises(NotFound):
            open_paper(session, row["id"], folder=tmp_path, actor=AMINA, now=T0 + 4 * HOUR)
        assert list_papers(session, case["id"], actor=AMINA)[0]["withdrawn_why"] == "wrong case"


# what is due


def test_what_waits_is_listed_by_date_and_what_is_met_or_resolved_is_not(database):
    late, answered, settled = opened(database), opened(database), opened(database)
    protested(database, late, now=T0 + HOUR, reference="NV 1", due_at=T0 + 2 * DAY)
    protested(database, answered, now=T0 + HOUR, reference="NV 2")
    stepped(database, answered, "reply_received", now=T0 + DAY)
    stepped(database, answered, "follow_up_due", now=T0 + DAY, due_at=T0 + 9 * DAY, words="ask again")
    protested(database, settled, now=T0 + HOUR, reference="NV 3")
    stepped(database, settled, "resolved", now=T0 + DAY, words="done")
    kept(database, "commitment", actor="host_police", promised="Posts go", promised_by="ministry", promised_at=AT,
         due_at=format_instant(T0 + 5 * DAY))  # fmt: skip
    with database.reading() as session:
        rows = list_due(session, actor=AMINA, at=T0 + 7 * DAY)
    assert [(row["what"], row["reference"], row["is_overdue"]) for row in rows] == [
        ("reply", "NV 1", True), ("commitment", None, True), ("follow_up", None, False),
    ]  # fmt: skip


# who holds the roads

WEST = {
    "type": "Polygon",
    "coordinates": [[[29.99, 4.99], [30.005, 4.99], [30.005, 5.01], [29.99, 5.01], [29.99, 4.99]]],
}
ALL = {"type": "Polygon", "coordinates": [[[29, 4], [31, 4], [31, 6], [29, 6], [29, 4]]]}


def area(database, geometry, held_by, *, days: float | None = 1, grade="B2", **rest) -> dict:
    reviewed = None if days is None else format_instant(T0 - round(days * DAY))
    values = {"name": held_by, "kind": "area_of_operation", "geometry": geometry, "reviewed_at": reviewed}
    return kept(database, "area", held_by=held_by, grade=grade, **values, **rest)


def holders(database, *, actor=AMINA, at: int = T0):
    with database.reading() as session:
        return find_holders(session, make_network(), Policy(), actor=actor, at=at)


@pytest.fixture
def route(database) -> str:
    stretches = [{"id": "west"}, {"id": "middle"}]
    return kept(database, "key_route", code="MSR", name="Main", segments=stretches)["id"]


def test_without_evidence_nothing_is_known(database, route):
    found = holders(database)
    assert found["total"].share("unknown") == 1.0
    assert found["under_state"]["routes"] == 0
    assert found["routes"][0]["violent"].per_100 is None


def test_the_share_of_a_route_is_that_of_its_length_and_adds_up(database, route):
    area(database, WEST, "host_police")
    held = holders(database)["total"]
    assert held.share("state") == pytest.approx(0.25, abs=0.07)  # half of one of two roads, in pieces of 250 m
    assert sum(held.metres.values()) == pytest.approx(held.length_m)
    assert set(held.metres) == set(HOLDERS)
    assert held.doubtful["state"] == 0


@pytest.mark.parametrize(
    ("grade", "days", "holder", "doubtful", "lapsed"),
    [
        ("C3", 89, "state", 0.0, 0.0), ("D3", 1, "state", 1.0, 0.0), ("C4", 1, "state", 1.0, 0.0),
        (None, 1, "state", 1.0, 0.0), ("A1", 91, "unknown", 0.0, 1.0), ("A1", None, "unknown", 0.0, 1.0),
    ],
)  # fmt: skip
def test_age_ends_what_an_area_says_and_its_grade_says_how_surely(
    database, route, grade, days, holder, doubtful, lapsed
):
    area(database, ALL, "local_authority", days=days, grade=grade)
    held = holders(database)["total"]
    assert held.share(holder) == 1.0
    assert held.doubtful["state"] / held.length_m == doubtful
    assert held.lapsed_m / held.length_m == lapsed


def test_two_sides_are_contested_and_a_post_says_who_is_there_and_no_more(database, route):
    area(database, ALL, "host_armed_forces")
    said = {"control": "denial", "user_class": "humanitarian", "imposed_by": "non_state_group", "grade": "B2"}
    point = {"type": "Point", "coordinates": [30.0, 5.0]}
    stop = feature("stop", "control", received=T0 - DAY, geometry=point, location={"method": "gps"},
                   occurred=format_instant(T0 - DAY), **said)  # fmt: skip
    write(database, stop, now=T0)
    held = holders(database)["total"]
    assert held.metres["contested"] == pytest.approx(1000, abs=260)
    assert held.metres["state"] == pytest.approx(held.length_m - held.metres["contested"])
    assert holders(database, at=T0 + 31 * DAY)["total"].share("state") == 1.0


def test_evidence_that_he_may_not_see_is_no_evidence(database, route):
    area(database, ALL, "non_state_group", classification="strictly_confidential", by=CLEARED)
    assert holders(database)["total"].share("unknown") == 1.0
    assert holders(database, actor=CLEARED)["total"].share("others") == 1.0
    with pytest.raises(NotPermitted):
        holders(database, actor=PATROL)


def test_violence_on_roads_under_the_state_has_its_exposure(database, route):
    area(database, ALL, "host_police")
    for number in range(10):
        moved(database, number, days=3 + number, route=route)
    opened(database, category="attack_on_movement", actor="non_state_group", movement_id="m1",
           opened_at=format_instant(T0 - 4 * DAY))  # fmt: skip
    opened(database, category="checkpoint_stop", actor="criminal", movement_id="m2",
           opened_at=format_instant(T0 - 4 * DAY))  # fmt: skip
    opened(database, category="assault_or_threat", actor="host_police", movement_id="m3",
           opened_at=format_instant(T0 - 4 * DAY))  # fmt: skip
    values = holder_values(holders(database))
    assert values["under_state"]["routes"] == 1
    assert (values["under_state"]["violent"]["events"], values["under_state"]["violent"]["movements"]) == (2, 10)


# consent on the map

UNITS = [
    {"type": "Feature", "geometry": shape_, "properties": {"id": id, "name": id.title(), "kind": "province"}}
    for id, shape_ in (("north", ALL), ("south", WEST))
]


def test_an_area_says_what_was_left_unimpeded_and_names_only_cases_one_may_see(database):
    for number in range(20):
        moved(database, number, days=1 + number, admin_unit="north")
    for number in range(5):
        opened(database, movement_id=f"m{number}", admin_unit="north", outcome="turned_back",
               opened_at=format_instant(T0 - DAY), protest_no=f"NV {number}")  # fmt: skip
    opened(database, admin_unit="north", classification="strictly_confidential", by=CLEARED, actor="community",
           outcome="held", opened_at=format_instant(T0 - DAY))  # fmt: skip
    with database.reading() as session:
        features = consent_features(session, UNITS, actor=AMINA, at=T0)
        cleared = consent_features(session, UNITS, actor=CLEARED, at=T0)
        with pytest.raises(NotPermitted):
            consent_features(session, UNITS, actor=PARTNER, at=T0)
    points = {f["properties"]["id"]: f["properties"] for f in features if f["properties"]["part"] == "point"}
    north = points["north"]
    assert (north["unimpeded"], north["attempted"], north["level"]) == (15, 20, "often")
    assert north["by"] == [{"party": "host_police", "count": 5}]
    assert {case["protest_no"] for case in north["cases"]} == {f"NV {n}" for n in range(5)}
    assert (points["south"]["level"], points["south"]["attempted"]) == ("unknown", 0)
    seen = next(f["properties"] for f in cleared if f["properties"]["part"] == "point")
    assert seen["by"] == [{"party": "host_police", "count": 5}, {"party": "community", "count": 1}]


# the workbook


def test_no_cell_of_the_workbook_is_a_formula_and_numbers_stay_numbers(database):
    case = opened(database, clause="=1+1", opened_at="2026-02-10T00:00:00Z", delay_min=45)
    protested(database, case, now=T0, reference="+NV 1", addressee="@office")
    with database.reading() as session:
        extract = month_extract(session, "2026-02", actor=AMINA, now=T0 + DAY)
    book = openpyxl.load_workbook(io.BytesIO(extract_book(extract, {})))
    assert book.sheetnames == ["By party", "Cases"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    rows = list(book["Cases"].iter_rows(values_only=True))
    told = dict(zip(rows[0], rows[1], strict=True))
    assert (told["clause"], told["delay_min"]) == ("'=1+1", 45)
    assert (told["protest_no"], told["protest_addressee"]) == (None, None)  # sent after the month's end
