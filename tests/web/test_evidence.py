"""Photos over HTTP: announce, send in parts, look; refusals in words."""

from __future__ import annotations

import hashlib
import uuid

from tests.exchange.test_photos import SECRET, photo
from tests.services.people import hazard
from tests.web.conftest import Mission

API = "/api/v1"
DATA = photo()


def announced(mission: Mission, data: bytes = DATA, **other: object) -> tuple[str, object]:
    client = mission.program("reporter")
    report = client.post(
        f"{API}/reports", json={"id": str(uuid.uuid4()), "form": "explosive", "records": [hazard()]}
    ).json
    body = {
        "id": str(uuid.uuid4()),
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "type": "image/jpeg",
    }
    return report["report_id"], client.post(f"{API}/reports/{report['report_id']}/evidence", json={**body, **other})


def put(client, id: str, data: bytes, first: int, total: int):
    return client.put(
        f"{API}/evidence/{id}", data=data, content_type="application/octet-stream",
        headers={"Content-Range": f"bytes {first}-{first + len(data) - 1}/{total}"},
    )  # fmt: skip


def test_a_photo_arrives_in_parts_and_is_seen_by_graders_with_the_report(mission: Mission):
    report_id, answer = announced(mission)
    id, client = answer.json["id"], mission.program("reporter")
    assert put(client, id, DATA[:700], 0, len(DATA)).json["received_bytes"] == 700
    gap = put(client, id, DATA[900:], 900, len(DATA))
    assert (gap.status_code, gap.json["details"]) == (409, {"received_bytes": 700})
    assert client.get(f"{API}/evidence/{id}").json["received_bytes"] == 700
    assert put(client, id, DATA[700:], 700, len(DATA)).json["state"] == "whole"
    grader = mission.program("duty_officer")
    (listed,) = grader.get(f"{API}/reports/{report_id}").json["evidence"]
    assert listed["id"] == id
    picture = grader.get(f"{API}/evidence/{id}/file?size=small")
    assert (picture.status_code, picture.mimetype) == (200, "image/jpeg")
    assert SECRET not in picture.data
    assert picture.headers["Cache-Control"] == "no-store"
    desk = mission.browser("duty_officer").get(f"/desk?report={report_id}").text
    assert f"/evidence/{id}/file?size=small" in desk
    for role, status in (("movement_control", 404), ("leadership", 403), ("partner", 404)):
        assert mission.program(role).get(f"{API}/evidence/{id}/file").status_code == status


def test_a_photo_of_40_megabytes_is_refused_when_it_is_announced_and_when_it_is_sent(mission: Mission):
    _, answer = announced(mission, size=40 * 1024 * 1024)
    assert answer.status_code == 422
    assert "at most 12 MB" in answer.json["errors"][0]["expected"]
    _, answer = announced(mission)
    sent = put(mission.program("reporter"), answer.json["id"], b"x" * 13 * 1024 * 1024, 0, len(DATA))
    assert (sent.status_code, sent.json["detail"]) == (413, "This address takes at most 12 MB; send it in parts.")


def test_a_file_that_is_no_photo_is_refused_in_words_and_stays_refused(mission: Mission):
    bad = b"PK\x03\x04" + b"\0" * 300
    _, answer = announced(mission, bad)
    client, id = mission.program("reporter"), answer.json["id"]
    refused = put(client, id, bad, 0, len(bad))
    assert refused.status_code == 409
    assert "expected a photo as JPEG, PNG or WebP" in refused.json["detail"]
    assert client.get(f"{API}/evidence/{id}").json["state"] == "refused"
    assert client.get(f"{API}/evidence/{id}/file").status_code == 404


def test_a_range_that_does_not_fit_its_bytes_is_refused(mission: Mission):
    _, answer = announced(mission)
    url = f"{API}/evidence/{answer.json['id']}"
    for text in ("bytes 0-9/20", "items 0-1/2", "bytes */20"):
        sent = mission.program("reporter").put(url, data=b"abc", headers={"Content-Range": text})
        assert sent.status_code == 422
        assert sent.json["errors"][0]["field"] == "Content-Range"
