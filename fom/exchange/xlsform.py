"""A report form as an XLSForm workbook, the form language of ODK and KoboToolbox, and as the XForm that phones fetch.

Questions are `domain.forms`; words and the rows of registers are given. What comes back is `exchange.submission`.
Source: XLSForm row of docs/sources.md.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from fom.domain.forms import PLACE_TEXT_MAX, TEXT_MAX, Form, Question

LANGUAGES: Mapping[str, str] = {"en": "English (en)", "fr": "French (fr)", "ar": "Arabic (ar)"}
"""Language -> its name in the headings of the workbook."""
FORM_ID_PREFIX = "fom_"
_MADE = datetime(2026, 1, 1)
NONE_KNOWN = "none_known"
"""Answer that stands in a list without rows: a list must not be empty, and this one cannot be chosen."""
SHORT_LIST = 12
"""Longest list shown as buttons; a longer one is searched. Project decision."""
ROUTES = "key_route"
PICKED = {"passed": "profile"}
"""Questions whose text is the name of a row: chosen where rows are given, written where not."""
PHOTO_PIXELS = 1600
"""Longer side of a photo as the phone sends it. Project decision."""
METADATA = ("start", "end", "today", "deviceid")
"""Filled in by the phone, not asked."""

Words = Mapping[str, Mapping[str, Any]]
"""Language -> `{form, question, answer, help, odk}`, each code -> words."""
Rows = Mapping[str, Sequence[tuple[str, str]]]
"""Register -> (id, name) of the rows that may be chosen."""
Sheet = tuple[tuple[str, ...], ...]
"""Rows of cells, the first one the headings."""


@dataclass(frozen=True, slots=True)
class XlsForm:
    """A workbook before it is written: the same content has the same version."""

    code: str
    title: str
    version: str
    survey: Sheet
    choices: Sheet
    is_fillable: bool
    """Whether every list that must be answered has rows."""

    @property
    def form_id(self) -> str:
        """Return the id under which phones know the form."""
        return FORM_ID_PREFIX + self.code

    @property
    def settings(self) -> Sheet:
        """Return the third sheet."""
        row = {
            "form_title": self.title,
            "form_id": self.form_id,
            "version": self.version,
            "default_language": LANGUAGES["en"],
        }
        return (tuple(row), tuple(row.values()))


def build_xlsform(form: Form, words: Words, rows: Rows) -> XlsForm:
    """Return the XLSForm of a report form.

    Parameters
    ----------
    rows
        Of `key_route`, `profile` and of the registers that the form's subjects name, those the person may see.
    """
    sheet = _Writer(words, rows)
    sheet.open(form)
    sheet.group("first", [q for q in form.questions if q.is_flash], form)
    sheet.group("details", [q for q in form.questions if not q.is_flash], form)
    sheet.row("image", "photo", sheet.odk("photo"), parameters=f"max-pixels={PHOTO_PIXELS}")
    is_only_question = not any(q.is_required for q in form.questions)
    asked = Question("words", "text", is_required=is_only_question)
    sheet.ask(asked, form)
    survey, choices = sheet.survey(), sheet.choices()
    draft = XlsForm(form.code, words["en"]["form"][form.code], "", survey, choices, not sheet.is_lacking)
    return replace(draft, version=sha256(repr((draft.title, survey, choices)).encode()).hexdigest()[:16])


def workbook_of(form: XlsForm) -> bytes:
    """Return the workbook as a file of Excel's; every cell is text, so that no name becomes a formula."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.active)
    book.properties.creator = "fom"
    book.properties.created = book.properties.modified = _MADE  # the same content, the same file
    for name, cells in (("survey", form.survey), ("choices", form.choices), ("settings", form.settings)):
        sheet = book.create_sheet(name)
        for i, line in enumerate(cells, start=1):
            for j, text in enumerate(line, start=1):
                if text:
                    cell = sheet.cell(i, j, text)
                    cell.data_type = "s"
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for j in range(1, len(cells[0]) + 1):
            sheet.column_dimensions[get_column_letter(j)].width = 24
        sheet.freeze_panes = "A2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@lru_cache(maxsize=96)
def xform_of(form: XlsForm) -> str:
    """Return the XForm that pyxform makes of the sheets, as of the workbook; made once for the same content."""
    from pyxform.xls2xform import convert

    sheets = {
        name: [{head: text for head, text in zip(cells[0], line, strict=True) if text} for line in cells[1:]]
        for name, cells in (("survey", form.survey), ("choices", form.choices), ("settings", form.settings))
    }
    return str(convert(sheets, form_name="data").xform)


class _Writer:
    """Collects the lines of the sheets `survey` and `choices`."""

    def __init__(self, words: Words, rows: Rows) -> None:
        self._words, self._rows = words, rows
        self._survey: list[dict[str, str]] = []
        self._lists: dict[str, list[tuple[str, list[str]]]] = {}
        self.is_lacking = False

    def survey(self) -> Sheet:
        """Return the sheet with the columns that are used."""
        order = ["type", "name", *self._headings("label"), *self._headings("hint"), "required", "relevant"]
        order += ["constraint", *self._headings("constraint_message"), "appearance", "parameters", "calculation"]
        used = [name for name in order if any(name in row for row in self._survey)]
        return (tuple(used), *(tuple(row.get(name, "") for name in used) for row in self._survey))

    def choices(self) -> Sheet:
        """Return every list once."""
        lines = [(name, code, *labels) for name, found in self._lists.items() for code, labels in found]
        return (("list_name", "name", *self._headings("label")), *lines)

    def open(self, form: Form) -> None:
        """Begin with what the phone fills in, the name of the form, and the warning if there is one."""
        for name in METADATA:
            self._survey.append({"type": name, "name": name})
        self._survey.append({"type": "calculate", "name": "fom_form", "calculation": f"'{form.code}'"})
        if form.code in self._words["en"]["help"]:
            self.row("note", "warning", self._told("help", form.code))

    def group(self, name: str, questions: Sequence[Question], form: Form) -> None:
        """Ask questions together; none, no group."""
        if questions:
            self.row("begin group", name, self.odk(name))
            for question in questions:
                self.ask(question, form)
            self._survey.append({"type": "end group"})

    def ask(self, question: Question, form: Form) -> None:
        """Ask one question in the way of its kind."""
        labels = self._told("question", question.code)
        if question.unit:
            labels = [f"{label} ({question.unit})" for label in labels]
        more: dict[str, str] = {"required": "yes"} if question.is_required else {}
        more |= self._hints(form, question)
        ask = getattr(self, f"_ask_{question.kind}")
        ask(question, labels, more)

    def row(self, kind: str, name: str, labels: Sequence[str], **more: str) -> None:
        """Add a line of the survey."""
        said = dict(zip(self._headings("label"), labels, strict=True))
        self._survey.append({"type": kind, "name": name, **said, **{k: v for k, v in more.items() if v}})

    def odk(self, code: str, **values: object) -> list[str]:
        """Return the words that only these forms need, by language."""
        return [text.format(**values) if values else text for text in self._told("odk", code)]

    def _told(self, part: str, code: str) -> list[str]:
        return [self._words[language][part][code] for language in LANGUAGES]

    def _headings(self, column: str) -> list[str]:
        return [f"{column}::{name}" for name in LANGUAGES.values()]

    def _hints(self, form: Form, question: Question) -> dict[str, str]:
        code = "words" if question.code == "words" else f"{form.code}.{question.code}"
        if code not in self._words["en"]["help"]:
            return {}
        return dict(zip(self._headings("hint"), self._told("help", code), strict=True))

    def _bound(self, constraint: str, message: str, **values: object) -> dict[str, str]:
        said = zip(self._headings("constraint_message"), self.odk(message, **values), strict=True)
        return {"constraint": constraint, **dict(said)}

    def _length(self, longest: int) -> dict[str, str]:
        return self._bound(f"string-length(.) <= {longest}", "length", high=longest)

    def _range(self, question: Question) -> dict[str, str]:
        if not (math.isfinite(question.low) and math.isfinite(question.high)):
            return {}
        low, high = (str(int(end)) if end == int(end) else str(end) for end in (question.low, question.high))
        return self._bound(f". >= {low} and . <= {high}", "range", low=low, high=high)

    # by kind

    def _ask_text(self, question: Question, labels: list[str], more: dict[str, str]) -> None:
        if self._rows.get(PICKED.get(question.code, "")):
            self._pick(PICKED[question.code], question.code, labels, more)
            return
        self.row("text", question.code, labels, **more, **self._length(TEXT_MAX), appearance="multiline")

    def _ask_integer(self, question: Question, labels: list[str], more: dict[str, str]) -> None:
        self.row("integer", question.code, labels, **more, **self._range(question))

    def _ask_number(self, question: Question, labels: list[str], more: dict[str, str]) -> None:
        self.row("decimal", question.code, labels, **more, **self._range(question))

    def _ask_moment(self, question: Question, labels: list[str], more: dict[str, str]) -> None:
        self.row("dateTime", question.code, labels, **more)

    def _ask_flag(self, question: Question, labels: list[str], more: dict[str, str]) -> None:
        self._list("yes_no", [(code, self._told("answer", code)) for code in ("yes", "no")])
        self.row("select_one yes_no", question.code, labels, **more)

    def _ask_choice(self, question: Question, labels: list[str], more: dict[str, str]) -> None:
        self._select("select_one", question, labels, more)

    def _ask_choices(self, question: Question, labels: list[str], more: dict[str, str]) -> None:
        self._select("select_multiple", question, labels, more)

    def _select(self, kind: str, question: Question, labels: list[str], more: dict[str, str]) -> None:
        self._list(question.code, [(code, self._told("answer", code)) for code in question.codes])
        self.row(f"{kind} {question.code}", question.code, labels, **more, **_shown(len(question.codes)))

    def _ask_subject(self, question: Question, labels: list[str], more: dict[str, str]) -> None:
        self._pick(question.codes[0], question.code, labels, more)
        self.is_lacking |= question.is_required and not self._rows.get(question.codes[0])

    def _ask_place(self, question: Question, labels: list[str], more: dict[str, str]) -> None:
        self.row("geopoint", question.code, labels, **more, appearance="placement-map")
        self.row("text", f"{question.code}_text", self.odk("place_text"), **self._length(PLACE_TEXT_MAX))

    def _ask_way(self, question: Question, labels: list[str], more: dict[str, str]) -> None:
        name = question.code
        hows = ["track", *(["route"] if self._rows.get(ROUTES) else []), "ends"]
        self._list(f"{name}_how", [(how, self.odk(f"how_{how}")) for how in hows])
        self.row("begin group", name, labels)
        self.row(f"select_one {name}_how", f"{name}_how", self.odk("how"), **more)
        asked = {how: {"relevant": f"${{{name}_how}} = '{how}'"} for how in hows}
        needed = {"required": "yes"}
        recorded = self._bound("not(regex(concat(., ';'), '.* 0(\\.0+)? *;.*'))", "recorded_only")
        self.row("geotrace", f"{name}_track", self.odk("track"), **asked["track"], **needed, **recorded)
        if "route" in asked:
            self._pick(ROUTES, f"{name}_route", self.odk("route"), asked["route"] | needed)
            for end in ("from_km", "to_km"):
                self.row(
                    "decimal",
                    f"{name}_{end}",
                    self.odk(end),
                    **asked["route"],
                    **self._bound(". >= 0 and . <= 100000", "range", low=0, high=100_000),
                )
        for end in ("start", "end"):
            text = f"{name}_{end}_text"
            self.row("text", text, self.odk(f"{end}_text"), **asked["ends"], **self._length(PLACE_TEXT_MAX))
            unless = {"required": f"${{{text}}} = ''"}
            self.row("geopoint", f"{name}_{end}", self.odk(end), **asked["ends"], **unless, appearance="placement-map")
        self._survey.append({"type": "end group"})

    def _pick(self, register: str, name: str, labels: list[str], more: dict[str, str]) -> None:
        """Ask for a row of a register."""
        rows = self._rows.get(register, ())
        if rows:
            self._list(register, [(row_id, [_plain(label)] * len(LANGUAGES)) for row_id, label in rows])
            more = more | _shown(len(rows))
        else:
            self._list(register, [(NONE_KNOWN, self.odk(NONE_KNOWN))])
            more = more | self._bound(f". != '{NONE_KNOWN}'", "none_known_message")
        self.row(f"select_one {register}", name, labels, **more)

    def _list(self, name: str, found: list[tuple[str, list[str]]]) -> None:
        self._lists[name] = found


def _shown(count: int) -> dict[str, str]:
    return {"appearance": "minimal autocomplete"} if count > SHORT_LIST else {}


def _plain(label: str) -> str:
    """Return a name of a register as a label: without control characters, and without what would name a question."""
    printable = "".join(" " if ord(c) < 32 or c in "\u2028\u2029" else c for c in label)
    return re.sub(r"\s+", " ", printable.replace("${", "$ {")).strip() or "–"
