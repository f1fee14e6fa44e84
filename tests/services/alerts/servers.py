"""Real local servers for the tests: a mail server that keeps its messages, a listener that notes its requests."""

from __future__ import annotations

import base64
import contextlib
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any


@dataclass
class MailServer:
    """What a mail server at `url` got; `refuse` are answers it gives to the next messages instead of taking them."""

    url: str = ""
    messages: list[Message] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuse: list[str] = field(default_factory=list)
    commands: list[tuple[bytes, bool]] = field(default_factory=list)
    """Each command that came, and whether it came encrypted."""


@contextmanager
def mail_server(
    certificate: Path | None = None, *, is_tls_first: bool = False, password: str = "", pause_s: float = 0.0
) -> Iterator[MailServer]:
    """Yield an SMTP server on a free port: plain; with a certificate STARTTLS, or TLS from the start.

    With a password it takes no message before `AUTH PLAIN` of `fom` with it. `pause_s` goes by before each byte that
    it says.
    """
    kept = MailServer()
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

    class Session(socketserver.BaseRequestHandler):
        def setup(self) -> None:
            self.is_encrypted = self.is_known = False
            self.lines = self.request.makefile("rb")

        def encrypt(self) -> None:
            self.request = context.wrap_socket(self.request, server_side=True)
            self.lines = self.request.makefile("rb")
            self.is_encrypted = True

        def say(self, text: str) -> None:
            for part in [text.encode() + b"\r\n"] if not pause_s else [bytes([b]) for b in text.encode() + b"\r\n"]:
                time.sleep(pause_s)
                self.request.sendall(part)

        def handle(self) -> None:
            with contextlib.suppress(OSError, ssl.SSLError):
                if is_tls_first:
                    self.encrypt()
                self.say("220 test")
                while line := self.lines.readline():
                    kept.commands.append((line.strip(), self.is_encrypted))
                    if not self.answer(line):
                        return

        def answer(self, line: bytes) -> bool:
            verb = line[:4].upper()
            if verb == b"EHLO":
                offers = ["250-test"] + ["250-STARTTLS"] * bool(context and not self.is_encrypted)
                for offer in offers + ["250-AUTH PLAIN"] * bool(password):
                    self.say(offer)
                self.say("250 ok")
            elif verb == b"STAR":
                self.say("220 go on")
                self.encrypt()
            elif verb == b"AUTH":
                self.is_known = base64.b64decode(line.split()[2]) == f"\0fom\0{password}".encode()
                self.say("235 known" if self.is_known else "535 not known")
            elif password and not self.is_known and verb == b"MAIL":
                self.say("530 who are you")
            elif verb == b"DATA":
                self.take()
            else:
                if verb == b"RCPT":
                    kept.recipients.append(line.decode().partition("<")[2].partition(">")[0])
                self.say("221 bye" if verb == b"QUIT" else "250 ok")
            return verb != b"QUIT"

        def take(self) -> None:
            self.say("354 go on")
            data = b"".join(iter(self.lines.readline, b".\r\n"))
            if kept.refuse:
                self.say(kept.refuse.pop(0))
                return
            kept.messages.append(message_from_bytes(data, policy=default))
            self.say("250 ok")

    with serving(socketserver.ThreadingTCPServer, Session) as port:
        kept.url = f"smtp+plain://127.0.0.1:{port}"
        if certificate is not None:
            person = f"fom:{password}@" if password else ""
            kept.url = f"{'smtps' if is_tls_first else 'smtp'}://{person}localhost:{port}"
        yield kept


def make_certificate(folder: Path, name: str = "localhost") -> Path:
    """Return a file with a new key and its self-signed certificate of a host."""
    kind = "IP" if name[0].isdigit() else "DNS"
    made, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName={kind}:{name}", "-keyout", str(key), "-out", str(made)],
        check=True, capture_output=True,
    )  # fmt: skip
    made.write_bytes(made.read_bytes() + key.read_bytes())
    return made


@dataclass
class Listener:
    """The requests that came to `origin`; `answers` are statuses it gives first, then 200."""

    origin: str = ""
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    location: str = ""
    before: Callable[[], None] = lambda: None


@contextmanager
def listener(certificate: Path | None = None) -> Iterator[Listener]:
    """Yield an HTTP server on a free port of this machine, with a certificate one over TLS."""
    kept = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept.requests.append((self.path, dict(self.headers), body))
            kept.before()
            self.send_response(kept.answers.pop(0) if kept.answers else 200)
            if kept.location:
                self.send_header("Location", kept.location)
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *args: Any) -> None:
            pass

    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

    class Server(HTTPServer):
        def get_request(self) -> Any:
            connection, address = super().get_request()
            return (connection if context is None else context.wrap_socket(connection, server_side=True)), address

    with serving(Server, Handler) as port:
        kept.origin = f"http://127.0.0.1:{port}" if context is None else f"https://127.0.0.1:{port}"
        yield kept


@contextmanager
def serving(kind: Any, handler: Any) -> Iterator[int]:
    with kind(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(5)
