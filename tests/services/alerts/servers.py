"""Real local servers for the tests: a mail server that keeps its messages, a listener that notes its requests."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


@dataclass
class MailServer:
    """What a mail server at `url` got; `refuse` are answers it gives to the next messages instead of taking them."""

    url: str = ""
    messages: list[Message] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuse: list[str] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Yield a plain SMTP server on a free port."""
    kept = MailServer()

    class Session(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(text.encode() + b"\r\n")

        def handle(self) -> None:
            self.say("220 test")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"RCPT":
                    kept.recipients.append(line.decode().partition("<")[2].partition(">")[0])
                if verb == b"DATA":
                    self.say("354 go on")
                    data = b"".join(iter(self.rfile.readline, b".\r\n"))
                    if kept.refuse:
                        self.say(kept.refuse.pop(0))
                        continue
                    kept.messages.append(message_from_bytes(data, policy=default))
                self.say("221 bye" if verb == b"QUIT" else "250 ok")
                if verb == b"QUIT":
                    return

    with serving(socketserver.ThreadingTCPServer, Session) as port:
        kept.url = f"smtp://127.0.0.1:{port}"
        yield kept


@dataclass
class Listener:
    """The requests that came to `origin`; `answers` are statuses it gives first, then 200."""

    origin: str = ""
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    location: str = ""
    before: Callable[[], None] = lambda: None


@contextmanager
def listener() -> Iterator[Listener]:
    """Yield an HTTP server on a free port of this machine."""
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

    with serving(HTTPServer, Handler) as port:
        kept.origin = f"http://127.0.0.1:{port}"
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
