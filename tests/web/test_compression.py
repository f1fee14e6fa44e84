"""What is packed for slow links, and what must not be."""

from __future__ import annotations

import gzip

from tests.web.conftest import Mission

GZIP = {"Accept-Encoding": "gzip"}


def test_large_data_is_packed_and_says_the_same(mission: Mission):
    client = mission.anonymous()
    plain = client.get("/api/v1/openapi.json")
    packed = client.get("/api/v1/openapi.json", headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 4
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_small_data_and_refusals_are_sent_as_they_are(mission: Mission):
    client = mission.browser("duty_officer")
    for path in ("/api/v1/me", "/api/v1/nothing"):
        assert "Content-Encoding" not in client.get(path, headers=GZIP).headers


def test_pages_are_never_packed_because_they_hold_tokens_beside_what_others_typed(mission: Mission):
    answer = mission.browser("duty_officer").get("/", headers={**GZIP, "Accept": "text/html"})
    assert "csrf" in answer.get_data(as_text=True)
    assert "Content-Encoding" not in answer.headers


def test_a_stream_is_never_packed(mission: Mission):
    answer = mission.program("duty_officer").get("/api/v1/stream", headers=GZIP)
    assert "Content-Encoding" not in answer.headers
    assert next(answer.response).startswith(b"retry:")
    answer.close()


def test_static_files_are_packed_once_and_still_answer_304(mission: Mission):
    client = mission.anonymous()
    plain = client.get("/static/symbols.svg")
    first, second = (client.get("/static/symbols.svg", headers=GZIP) for _ in range(2))
    assert gzip.decompress(first.data) == gzip.decompress(second.data) == plain.data
    again = client.get("/static/symbols.svg", headers={**GZIP, "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_data_answers_304_to_the_weak_tag_of_its_packed_form(mission: Mission):
    client = mission.program("duty_officer")
    first = client.get("/api/v1/states")
    again = client.get("/api/v1/states", headers={"If-None-Match": f"W/{first.headers['ETag']}"})
    assert again.status_code == 304
