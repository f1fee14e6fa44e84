"""A phone as ODK Collect is one: fetches the list of forms, a form and its manifest, fills it in, asks, submits.

It knows of a form only what the XForm says; how it sends is a function, so that it talks to a test client or a server.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

H = "{http://www.w3.org/1999/xhtml}"
X = "{http://www.w3.org/2002/xforms}"
LIST = "{http://openrosa.org/xforms/xformsList}"
RESPONSE = "{http://openrosa.org/http/response}"
FINISHED = "2026-03-10T14:59:59.500+03"

Sent = tuple[int, Mapping[str, str], bytes]
"""(status, headers, body)"""
Send = Callable[[str, str, dict[str, str], bytes | None], Sent]
"""(method, address, headers, body) -> what came back"""


def fill(
    xform: str, answers: Mapping[str, Any], *, words: str = "", id: str | None = None, replaces: str | None = None
) -> bytes:
    """Return the instance of a form with the answers in it, as a phone writes it."""
    model = ET.fromstring(xform).find(f"{H}head/{X}model")
    assert model is not None
    template = model.find(f"{X}instance")
    assert template is not None
    data = template[0]
    texts = {"words": words, "end": FINISHED, "start": FINISHED, "today": "2026-03-10", "deviceid": "collect:abc"}
    for bind in model.findall(f"{X}bind"):
        if (calculated := bind.get("calculate", "")).startswith("'"):
            texts[bind.get("nodeset", "").rpartition("/")[2]] = calculated.strip("'")
    for name, value in answers.items():
        texts |= write(name, value)
    nodes = {_local(node): node for node in data.iter() if len(node) == 0}
    missing = set(texts) - set(nodes)
    assert not {name for name in missing if texts[name]}, f"the form does not ask {missing}"
    for name, node in nodes.items():
        node.text = texts.get(name, "")
    nodes["instanceID"].text = f"uuid:{id or uuid.uuid4()}"
    if replaces is not None:
        meta = next(node for node in data if _local(node) == "meta")
        ET.SubElement(meta, meta.tag.replace("meta", "deprecatedID")).text = f"uuid:{replaces}"
    return ET.tostring(data, encoding="utf-8", xml_declaration=True)


def write(name: str, value: Any) -> dict[str, str]:
    """Return the leaves of the instance that hold an answer."""
    if isinstance(value, bool):
        return {name: "yes" if value else "no"}
    if isinstance(value, list):
        return {name: " ".join(value)}
    if not isinstance(value, dict):
        return {name: value if isinstance(value, str) else repr(value)}
    if "track" in value:
        line = ";".join(f"{lat!r} {lon!r} 210.5 4.8" for lon, lat in value["track"])
        return {f"{name}_how": "track", f"{name}_track": line}
    if "route" in value:
        ends = {f"{name}_{end}": repr(value[end]) for end in ("from_km", "to_km") if end in value}
        return {f"{name}_how": "route", f"{name}_route": value["route"], **ends}
    if "start" in value:
        return {f"{name}_how": "ends"} | write(f"{name}_start", value["start"]) | write(f"{name}_end", value["end"])
    said = {f"{name}_text": value["text"]} if "text" in value else {}
    if value["source"] in ("gps", "map"):
        said[name] = f"{value['lat']!r} {value['lon']!r} 0.0 {value.get('accuracy_m', 0.0)!r}"
    return said


def _local(node: ET.Element) -> str:
    return node.tag.rpartition("}")[2]


def multipart(instance: bytes, files: Mapping[str, bytes]) -> tuple[bytes, dict[str, str]]:
    """Return (body, headers) of a submission with its files."""
    boundary = uuid.uuid4().hex
    parts = [("xml_submission_file", "form.xml", "text/xml", instance)]
    parts += [(name, name, "image/jpeg", content) for name, content in files.items()]
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n"
        f"Content-Type: {kind}\r\n\r\n".encode() + content + b"\r\n"
        for name, file, kind, content in parts
    )  # fmt: skip
    head = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return body + f"--{boundary}--\r\n".encode(), head


@dataclass
class Phone:
    """One phone with a server and an account set up."""

    send: Send
    server: str
    email: str
    secret: str
    forms: dict[str, str] = field(default_factory=dict)
    """Form id -> XForm on the phone."""
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    """(method, address, status) of everything sent."""

    def ask(self, method: str, address: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Sent:
        """Send without credentials first, as phones do, and with them when asked."""
        head = {"X-OpenRosa-Version": "1.0", "User-Agent": "org.odk.collect.android/v2026.1", **(headers or {})}
        basic = {"Authorization": "Basic " + base64.b64encode(f"{self.email}:{self.secret}".encode()).decode()}
        for credentials in ({}, basic):
            status, found, content = self.send(method, address, head | credentials, body)
            self.asked.append((method, address, status))
            assert found["X-OpenRosa-Version"] == "1.0"
            if status != 401:
                break
            assert found["WWW-Authenticate"].startswith("Basic ")
        return status, found, content

    def fetch(self) -> dict[str, str]:
        """Fetch every form of the list with its manifest; return form id -> XForm."""
        status, _, content = self.ask("GET", f"{self.server}/formList")
        assert status == 200, content
        for item in ET.fromstring(content):
            told = {_local(member): member.text or "" for member in item}
            status, _, xform = self.ask("GET", told["downloadUrl"])
            assert status == 200, xform
            assert told["hash"] == "md5:" + hashlib.md5(xform).hexdigest()
            status, _, manifest = self.ask("GET", told["manifestUrl"])
            assert status == 200, manifest
            assert list(ET.fromstring(manifest)) == []
            self.forms[told["formID"]] = xform.decode()
        return self.forms

    def submit(self, instance: bytes, files: Mapping[str, bytes] | None = None) -> tuple[int, str]:
        """Ask where to send, send; return (status, the message shown)."""
        status, found, _ = self.ask("HEAD", f"{self.server}/submission")
        assert status == 204
        body, head = multipart(instance, files or {})
        status, _, content = self.ask("POST", found["Location"], head, body)
        message = ET.fromstring(content).find(f"{RESPONSE}message")
        assert message is not None
        assert (message.get("nature") == "submit_success") == (status in (201, 202))
        return status, message.text or ""
