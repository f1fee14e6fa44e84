"""Phones over OpenRosa: the whole way of ODK Collect, who may, what comes back, and what becomes of it."""

from __future__ import annotations

import io
import uuid
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from PIL import Image

from fom.domain.access import OPERATOR
from fom.exchange.submission import XML_MAX_BYTES
from fom.services.accounts import change_user
from tests.exchange.phone import Phone, Sent, fill
from tests.web.conftest import Mission
from tests.web.mission import PASSWORD, email_of

SERVER = "http://localhost/openrosa"
ON_A_B = {"lon": 30.045, "lat": 5.0901, "source": "gps", "accuracy_m": 6.0}
ITEM = {"place": ON_A_B, "hazard": "item", "class": "ied", "occurred": "2026-03-10T11:00:00.000Z"}


def phone(mission: Mission, role: str = "reporter", secret: str | None = None) -> Phone:
    client = mission.anonymous()

    def send(method: str, address: str, headers: dict[str, str], body: bytes | None) -> Sent:
        parts = urlsplit(address)
        head = {k: v for k, v in headers.items() if k != "Content-Type"}
        answer = client.open(
            parts.path, method=method, query_string=parts.query, headers=head, data=body,
            content_type=headers.get("Content-Type"),
        )  # fmt: skip
        return answer.status_code, answer.headers, answer.data

    return Phone(send, SERVER, email_of(role), secret or mission.token(role))


def filled(phone: Phone, code: str, answers: dict[str, Any], **more: Any) -> bytes:
    if not phone.forms:
        phone.fetch()
    return fill(phone.forms[f"fom_{code}"], answers, **more)


def reports(mission: Mission) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = mission.program("duty_officer").get("/api/v1/reports").json["reports"]
    return rows


def report(mission: Mission, report_id: str) -> dict[str, Any]:
    found: dict[str, Any] = mission.program("duty_officer").get(f"/api/v1/reports/{report_id}").json
    return found


def state_of(mission: Mission, segment: str) -> str:
    answer = mission.program("duty_officer").get(f"/api/v1/segments/{segment}")
    return str(answer.json["directions"][0]["state"])


def test_a_phone_fetches_fills_and_sends_and_the_road_changes_at_once(mission: Mission):
    collect = phone(mission)
    forms = collect.fetch()
    assert {"fom_explosive", "fom_passage", "fom_other"} <= set(forms)
    assert "fom_crossing" not in forms, "nothing to choose from: not offered"
    report_id = str(uuid.uuid4())
    assert state_of(mission, "a-b") == "GREY"
    status, said = collect.submit(filled(collect, "explosive", ITEM, words="wire at the roadside", id=report_id))
    assert (status, report_id in said) == (201, True)
    assert state_of(mission, "a-b") == "RED"
    kept = report(mission, report_id)
    assert (kept["form"], kept["by"]) == ("explosive", email_of("reporter"))
    version = kept["versions"][0]
    assert (version["words"], version["device_time"][:19]) == ("wire at the roadside", "2026-03-10T11:59:59")
    assert version["answers"]["place"] == ON_A_B


def test_an_e_mail_with_its_password_opens_the_same_as_a_token(mission: Mission):
    status, _, _ = phone(mission, secret=PASSWORD).ask("GET", f"{SERVER}/formList?formID=fom_other")
    assert status == 200


def test_the_same_submission_again_is_accepted_once_and_answered_as_the_first(mission: Mission):
    collect = phone(mission)
    instance = filled(collect, "explosive", ITEM)
    first, second = collect.submit(instance), collect.submit(instance)
    assert first == second
    assert len(reports(mission)) == 1


def test_another_body_under_the_same_id_is_kept_for_triage_and_the_phone_is_told(mission: Mission):
    collect, id = phone(mission), str(uuid.uuid4())
    collect.submit(filled(collect, "explosive", ITEM, id=id, words="one wire"))
    status, said = collect.submit(filled(collect, "explosive", ITEM, id=id, words="two wires"))
    assert (status, "kept for triage" in said) == (409, True)
    kept = report(mission, id)
    assert (kept["triage"], kept["conflicts"][0]["body"]["words"]) == ("conflict", "two wires")


def test_an_edit_on_the_phone_becomes_a_version_of_the_report(mission: Mission):
    collect, first, second, third = phone(mission), *(str(uuid.uuid4()) for _ in range(3))
    collect.submit(filled(collect, "explosive", ITEM, id=first))
    edited = ITEM | {"cordon_m": 300.0, "measures": ["marked", "cordon"]}
    instance = filled(collect, "explosive", edited, id=second, replaces=first)
    assert collect.submit(instance)[0] == 201
    assert collect.submit(instance)[0] == 201, "again is harmless"
    assert [head["id"] for head in reports(mission)] == [first]
    kept = report(mission, first)
    assert [version["id"] for version in kept["versions"]] == [first, second]
    assert kept["versions"][1]["answers"]["measures"] == ["marked", "cordon"]
    assert state_of(mission, "a-b") == "RED"
    stale = filled(collect, "explosive", ITEM, id=third, replaces=first)
    assert collect.submit(stale)[0] == 409, "the version it corrects is not the newest any more"
    assert collect.submit(filled(collect, "explosive", ITEM, id=third, replaces=second))[0] == 201


def test_an_edit_whose_first_version_is_not_here_stays_on_the_phone(mission: Mission):
    collect = phone(mission)
    status, said = collect.submit(filled(collect, "explosive", ITEM, replaces=str(uuid.uuid4())))
    assert (status, "send that one first" in said, reports(mission)) == (409, True, [])


def test_another_person_cannot_edit_through_a_phone_what_he_may_not_see(mission: Mission):
    mine, theirs, id = phone(mission), phone(mission, "partner"), str(uuid.uuid4())
    mine.submit(filled(mine, "explosive", ITEM, id=id))
    assert theirs.submit(filled(theirs, "explosive", ITEM, replaces=id))[0] == 404
    assert len(report(mission, id)["versions"]) == 1


def test_files_that_nobody_keeps_are_named_and_the_report_is_taken(mission: Mission):
    collect = phone(mission)
    instance = filled(collect, "bridge", {"place": ON_A_B, "damage": "blocked"})
    status, said = collect.submit(instance, {"1741.jpg": b"\xff\xd8" * 1_500_000})
    assert (status, said.endswith("keep them on the phone: 1741.jpg.")) == (202, True)
    assert len(reports(mission)) == 1


def test_a_photo_is_kept_as_evidence_of_its_report_once(mission: Mission):
    collect, report_id = phone(mission), str(uuid.uuid4())
    instance = filled(collect, "bridge", {"place": ON_A_B, "damage": "blocked"}, id=report_id)
    photo = io.BytesIO()
    Image.effect_noise((1600, 1200), 80).convert("RGB").save(photo, "JPEG")
    assert len(photo.getvalue()) > 1024 * 1024, "more than one part"
    for _ in range(2):
        assert collect.submit(instance, {"1741.jpg": photo.getvalue()})[0] == 201
    (kept,) = report(mission, report_id)["evidence"]
    assert kept["state"] == "whole"


def test_bad_answers_are_all_named_and_nothing_is_stored(mission: Mission):
    collect = phone(mission)
    instance = filled(collect, "explosive", ITEM | {"cordon_m": -4, "class": "balloon"})
    status, said = collect.submit(instance.replace(b"<words", b"<wiring>red</wiring><words"))
    assert (status, "wiring" in said) == (422, True)
    status, said = collect.submit(instance)
    assert (status, "answers.class" in said, "answers.cordon_m" in said) == (422, True, True)
    assert reports(mission) == []


def test_an_air_head_is_chosen_from_the_register_as_the_person_may_see_it(mission: Mission):
    row = {
        "id": str(uuid.uuid4()), "code": "C1", "name": "Cedar strip", "kind": "airstrip", "lon": 30.18, "lat": 5.09,
    }  # fmt: skip
    assert mission.program("aviation").post("/api/v1/air-heads", json=row).status_code == 201
    collect, partner = phone(mission), phone(mission, "partner")
    assert "Cedar strip" in collect.fetch()["fom_air_head"]
    assert "fom_air_head" not in partner.fetch(), "confidential, as every new row is"
    status, _ = collect.submit(filled(collect, "air_head", {"subject": row["id"], "status": "restricted"}))
    assert status == 201


def test_a_passage_between_two_points_is_laid_on_the_road(mission: Mission):
    collect, id = phone(mission), str(uuid.uuid4())
    ends = {"start": {"lon": 30.0, "lat": 5.09, "source": "map"}, "end": {"text": "30.09, 5.09", "source": "typed"}}
    answers = {
        "way": ends, "occurred": "2026-03-10T11:00:00.000Z", "strength": "own_patrol_traverse", "passed": "P3",
        "user_class": "mission_military",
    }  # fmt: skip
    status, said = collect.submit(filled(collect, "passage", answers, id=id))
    assert status == 201, said
    assert [s["id"] for s in report(mission, id)["records"][0]["properties"]["segments"]] == ["a-b"]


# the door


@pytest.mark.parametrize("secret", ["wrong password of nobody", "fom_wrong"])
def test_a_wrong_secret_opens_nothing_and_too_many_are_stopped(mission: Mission, secret: str):
    collect = phone(mission, secret=secret)
    found = [collect.ask("GET", f"{SERVER}/formList")[0] for _ in range(8)]
    assert found == [401] * 6 + [429] * 2
    collect.secret = mission.token("reporter")
    assert collect.ask("GET", f"{SERVER}/formList")[0] == 429
    assert phone(mission, "duty_officer").ask("GET", f"{SERVER}/formList")[0] == 200, "another account is not locked"


def test_a_token_opens_only_with_the_e_mail_of_its_owner(mission: Mission):
    thief = phone(mission, "duty_officer", secret=mission.token("reporter"))
    assert thief.ask("GET", f"{SERVER}/formList")[0] == 401


@pytest.mark.parametrize("role", ["leadership", "auditor", "administrator"])
def test_who_may_not_send_reports_gets_no_forms(mission: Mission, role: str):
    assert phone(mission, role).ask("GET", f"{SERVER}/formList")[0] == 403


@pytest.mark.parametrize("change", [{"active": False}, {"password": "another eight roads to here"}])
def test_a_password_proven_a_moment_ago_ends_with_the_account_and_with_a_new_one(
    mission: Mission, change: dict[str, Any]
):
    collect, again = phone(mission, secret=PASSWORD), phone(mission, secret=PASSWORD[:-1])
    assert [collect.ask("GET", f"{SERVER}/formList")[0] for _ in range(2)] == [200, 200]
    assert again.ask("GET", f"{SERVER}/formList")[0] == 401
    with mission.database.writing() as session:
        user_id = mission.actors["reporter"].user_id
        change_user(session, user_id, version=1, changes=change, actor=OPERATOR, now=mission.clock())
    assert collect.ask("GET", f"{SERVER}/formList")[0] == 401


def opened_by(client: FlaskClient) -> list[int]:
    files = {"xml_submission_file": (__import__("io").BytesIO(b"<data/>"), "a.xml")}
    return [
        client.get("/openrosa/formList").status_code,
        client.head("/openrosa/submission").status_code,
        client.post("/openrosa/submission", data=files).status_code,
    ]


def test_neither_a_cookie_nor_a_bearer_token_opens_the_addresses_for_phones(mission: Mission):
    assert opened_by(mission.browser("duty_officer")) == [401] * 3
    assert opened_by(mission.program("duty_officer")) == [401] * 3


def test_basic_opens_nothing_else(mission: Mission):
    client = mission.anonymous()
    answer = client.get("/api/v1/me", auth=(email_of("reporter"), PASSWORD))
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Basic 4pyTOgA=", "Basic /zp4", "Digest username=x"]
)
def test_a_header_that_is_none_is_nobody(mission: Mission, header: str):
    answer = mission.anonymous().get("/openrosa/formList", headers={"Authorization": header})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", None, 422),
        (b"<data/>", "text/xml", 422),
        (b"x" * (XML_MAX_BYTES * 6), "multipart/form-data; boundary=b", 413),
        (b"--b\r\nContent-Disposition: form-data", "multipart/form-data; boundary=b", 422),
    ],
)
def test_a_request_that_is_no_submission_is_refused_in_the_words_of_the_protocol(
    mission: Mission, body: bytes, kind: str | None, status: int
):
    answer = mission.anonymous().post(
        "/openrosa/submission", data=body, content_type=kind, auth=(email_of("reporter"), mission.token("reporter"))
    )
    assert (answer.status_code, answer.mimetype) == (status, "text/xml")
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert b"OpenRosaResponse" in answer.data


def test_an_address_that_is_not_there_is_told_in_the_same_words(mission: Mission):
    collect = phone(mission)
    status, _, content = collect.ask("GET", f"{SERVER}/forms/gossip.xml")
    assert (status, b"OpenRosaResponse" in content) == (404, True)
