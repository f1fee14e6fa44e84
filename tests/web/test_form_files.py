"""The page of forms and the workbooks it gives."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook

from fom.domain.forms import FORMS
from tests.web.conftest import Mission


def test_the_page_lists_every_form_and_says_how_a_phone_gets_them(mission: Mission):
    page = mission.browser("reporter").get("/forms").get_data(as_text=True)
    for code in FORMS:
        assert f"/forms/{code}.xlsx" in page
    assert "http://localhost/openrosa" in page
    assert "over <code>https</code> only" in page
    assert page.count("nothing to choose from yet") == 3
    assert "/forms" in mission.browser("reporter").get("/report").get_data(as_text=True)


def test_behind_tls_the_page_gives_the_address_of_tls_and_does_not_warn(mission: Mission):
    page = mission.browser("reporter").get("/forms", base_url="https://localhost").get_data(as_text=True)
    assert "https://localhost/openrosa" in page
    assert "without TLS" not in page


@pytest.mark.parametrize("code", FORMS)
def test_every_form_is_downloaded_and_opens_again(mission: Mission, code: str):
    answer = mission.browser("reporter").get(f"/forms/{code}.xlsx")
    assert answer.status_code == 200
    assert answer.mimetype.endswith("spreadsheetml.sheet")
    book = load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["survey", "choices", "settings"]
    version = book["settings"]["C2"].value
    assert f"fom_{code}-{version}.xlsx" in answer.headers["Content-Disposition"]


def test_a_form_that_is_not_there_is_not_found(mission: Mission):
    assert mission.browser("reporter").get("/forms/gossip.xlsx").status_code == 404
