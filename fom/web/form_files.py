"""The forms as ODK and KoboToolbox take them, for the one who asks: with the rows of registers that he may see."""

from __future__ import annotations

from typing import Any

from fom.domain.access import Actor
from fom.domain.forms import FORMS
from fom.errors import NotFound
from fom.exchange.xlsform import XlsForm, build_xlsform
from fom.services.form_subjects import list_subjects
from fom.services.odk_forms import odk_words
from fom.web.edge import edge


def offered_forms(session: Any, actor: Actor) -> list[XlsForm]:
    """Return every form, in the order in which they are offered."""
    rows = list_subjects(session, actor=actor, profiles=edge().host.profiles)
    return [build_xlsform(form, odk_words(), rows) for form in FORMS.values()]


def find_form(session: Any, code: str, actor: Actor) -> XlsForm:
    """Return one form.

    Raises
    ------
    NotFound
        No form has that code.
    """
    if code not in FORMS:
        raise NotFound("form", code)
    rows = list_subjects(session, actor=actor, profiles=edge().host.profiles)
    return build_xlsform(FORMS[code], odk_words(), rows)
