"""A server behind a link that fails: loses answers to work that was done, is down, or lets a hotel's portal answer."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

from tests.browser.mission import build_app

GOOD, LOSES_ANSWERS, PORTAL, DOWN = "good", "loses answers", "portal", "down"
PORTAL_PAGE = b"<!doctype html><title>Welcome</title><p>Sign in to this network.</p>"


class WeakLink:
    """WSGI in front of the application; `mode` says how it fails, and `bodies` holds the reports and check-ins sent."""

    def __init__(self, folder: Path) -> None:
        self.app = build_app(folder)
        self.mode = GOOD
        self.bodies: list[bytes] = []
        self.server = make_server("127.0.0.1", 0, self, threaded=True)
        self.server.daemon_threads = True
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.app.extensions["fom"].close()
        self.server.shutdown()
        self._thread.join(10)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path, is_send = environ["PATH_INFO"], environ["REQUEST_METHOD"] == "POST"
        is_data = path.startswith(("/api/", "/field/session"))
        if self.mode == DOWN:
            return self._cut(environ, start)
        if self.mode == PORTAL and is_data:
            start("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(PORTAL_PAGE)))])
            return [PORTAL_PAGE]
        is_lost = self.mode == LOSES_ANSWERS
        if is_send and (path.startswith("/api/v1/reports") or path.endswith("/check-ins")):
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            self.bodies.append(body)
            environ["wsgi.input"] = io.BytesIO(body)
            if is_lost:
                b"".join(self.app.wsgi_app(environ, lambda *_: lambda _: None))
                return self._cut(environ, start)
        return self.app.wsgi_app(environ, start)

    def _cut(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        start("200 OK", [])
        return []
