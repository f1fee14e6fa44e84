"""What a browser sees of pages without scripts: links and forms, as values that a test can walk and send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote_from_bytes, urljoin, urlsplit

from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter
from werkzeug.test import TestResponse

HTML = {"Accept": "text/html"}
ENOUGH = 3
"""Pages of one address with one set of questions that are looked at: rows of a register are alike."""


@dataclass
class Field:
    """One control of a form."""

    name: str
    kind: str
    """Type of the input, or select, textarea, button."""
    value: str = ""
    choices: list[str] = field(default_factory=list)


@dataclass
class Form:
    """A form as it stands on a page."""

    page: str
    method: str
    action: str
    fields: list[Field] = field(default_factory=list)

    @property
    def values(self) -> list[tuple[str, str]]:
        """Return what a browser sends when nobody touches anything and the first button is pressed."""
        sent, has_button = [], False
        for one in self.fields:
            if one.kind == "button" and has_button:
                continue
            has_button |= one.kind == "button"
            sent.append((one.name, one.value))
        return sent

    def key(self, adapter: MapAdapter) -> tuple[object, ...]:
        """Return what makes a form different from another one."""
        try:
            rule, args = adapter.match(urlsplit(self.action).path, method=self.method)
        except HTTPException as wrong:
            raise AssertionError(f"a form of {self.page} leads nowhere: {self.method} {self.action}") from wrong
        kinds = tuple(sorted(str(value) for value in args.values() if len(str(value)) < 20))
        return self.method, rule, kinds, tuple(sorted({one.name for one in self.fields}))


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.links, self.forms = page, list[str](), list[Form]()
        self._open: Form | None = None
        self._last: Field | None = None
        self._is_bare = False
        """The form that is open says nowhere to send it: its first button that does decides."""
        self._elsewhere: dict[str, list[Field]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in said:
            self.links.append(urljoin(self.page, said["href"]))
        elif tag == "form" and said.get("method") != "dialog" and "data-hypothesis" not in said:
            action = urljoin(self.page, said.get("action") or self.page)
            self._open = Form(self.page, said.get("method", "get").upper(), action)
            self._is_bare = "action" not in said
            self._open.fields += self._elsewhere.pop(said.get("id", ""), [])
            self.forms.append(self._open)
        elif tag == "option" and self._last is not None and self._last.kind == "select":
            value = said.get("value", "")
            if "selected" in said or not self._last.choices:
                self._last.value = value
            self._last.choices.append(value)
        elif tag in ("input", "select", "textarea", "button") and said.get("name") and "disabled" not in said:
            self._add(tag, said)
        if tag == "button" and "formaction" in said and self._open is not None and self._is_bare:
            self._open.action, self._is_bare = urljoin(self.page, said["formaction"]), False

    def _add(self, tag: str, said: dict[str, str]) -> None:
        kind = said.get("type", "text") if tag == "input" else tag
        target = self._open.fields if self._open is not None else self._elsewhere.setdefault(said.get("form", ""), [])
        known = next((one for one in target if one.name == said["name"]), None) if kind == "radio" else None
        if known is not None:
            known.choices.append(said.get("value", ""))
            known.value = said.get("value", "") if "checked" in said else known.value
            return
        is_off = kind in ("radio", "checkbox") and "checked" not in said
        one = Field(said["name"], kind, "" if is_off else said.get("value", "on" if kind == "checkbox" else ""))
        if kind == "radio":
            one.choices.append(said.get("value", ""))
        target.append(one)
        self._last = one

    def handle_data(self, data: str) -> None:
        if self._last is not None and self._last.kind == "textarea":
            self._last.value += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        if tag in ("select", "textarea", "button"):
            self._last = None


def read_page(page: str, text: str) -> tuple[list[str], list[Form]]:
    """Return the links and the forms of a page."""
    reader = _Reader(page)
    reader.feed(text)
    return reader.links, reader.forms


def crawl(client: FlaskClient, adapter: MapAdapter, start: str = "/") -> Iterator[tuple[str, TestResponse, list[Form]]]:
    """Yield (address, answer, forms) of every page that links lead to, rows that are alike a few times."""
    waiting, seen, looked_at = [start], {start}, dict[object, int]()
    while waiting:
        page = waiting.pop(0)
        parts = urlsplit(page)
        try:
            rule, args = adapter.match(parts.path, method="GET")
        except HTTPException:  # a link to what takes no GET is no page
            continue
        kinds = tuple(sorted(str(value) for value in args.values() if len(str(value)) < 20))
        asked = tuple(sorted(pair.partition("=")[0] for pair in parts.query.split("&")))
        looked_at[rule, kinds, asked] = looked_at.get((rule, kinds, asked), 0) + 1
        if rule == "static" or looked_at[rule, kinds, asked] > ENOUGH:
            continue
        answer = client.get(page, headers=HTML)
        is_page = answer.mimetype == "text/html" and "attachment" not in answer.headers.get("Content-Disposition", "")
        links, forms = read_page(page, answer.get_data(as_text=True)) if is_page else ([], [])
        yield page, answer, forms
        for link in links:
            target = urlsplit(link)._replace(fragment="").geturl()
            if not urlsplit(target).netloc and target.startswith("/") and target not in seen:
                seen.add(target)
                waiting.append(target)


def encoded(pairs: list[tuple[str, str]]) -> bytes:
    """Return a body of a form, whatever the texts hold: also what no text may hold."""
    return b"&".join(
        b"=".join(quote_from_bytes(text.encode("utf-8", "surrogatepass")).encode() for text in pair) for pair in pairs
    )


def send(client: FlaskClient, form: Form, pairs: list[tuple[str, str]]) -> TestResponse:
    """Send a form as a browser does: in the address or as a body."""
    body = encoded(pairs)
    if form.method == "GET":
        return client.get(urlsplit(form.action).path, query_string=body.decode(), headers=HTML)
    return client.post(form.action, data=body, content_type="application/x-www-form-urlencoded", headers=HTML)
