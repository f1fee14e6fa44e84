"""The forms of the tests, with rows to choose from in every register."""

from __future__ import annotations

from fom.domain.forms import FORMS
from fom.exchange.xlsform import XlsForm, build_xlsform
from fom.services.odk_forms import odk_words

ROWS = {
    "key_route": [("route-1", "MSR HERON"), ("route-2", "ASR IBIS")],
    "profile": [("P1", "P1 · wheeled"), ("P3", "P3 · wheeled")],
    "air_head": [("air-1", "C · Long strip")],
    "crossing": [(f"bxp-{i}", f"Gate {i}") for i in range(20)],
    "site": [("camp-1", "Old mill camp")],
}


def xlsform(code: str, **rows: list[tuple[str, str]]) -> XlsForm:
    return build_xlsform(FORMS[code], odk_words(), ROWS | rows)
