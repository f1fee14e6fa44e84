"""The ways out: e-mail over SMTP, and webhooks that only go where the administrator allows it.

E-mail is encrypted, by a certificate that the machine trusts, unless the administrator says plainly that it is not.

A webhook goes to a listed origin, at an address that was looked up once, checked, and then connected to: no redirect
is followed, and no other look-up can lead elsewhere.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import SplitResult, unquote, urlsplit

from fom.domain.alerts import signature
from fom.domain.instants import from_us
from fom.services.alerts.settings import Outside, origin_of

TIMEOUT_S = 5.0
"""For all of one webhook, and for each answer of a mail server. Source: reliability goal S6."""
MAIL_S = 30.0
"""For all of one e-mail: some ten round trips over a satellite link. Source: project judgement."""
MAIL_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
"""Way of sending -> port where none is given: STARTTLS, TLS from the start, no encryption."""
ANSWER_MAX = 64 * 1024
"""Bytes of an answer that are read; only its status counts."""
SPECIAL = tuple(ipaddress.ip_network(block) for block in ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "100::/64"))
"""Blocks that lead nowhere public and that not every version of the standard library knows. Source: RFC 6890."""


class Undelivered(Exception):
    """A message that did not arrive; the text says why, without what was in it."""


def send_mail(outside: Outside, *, to: str, alert_id: str, at: int, subject: str, text: str) -> None:
    """Hand a message to the mail server. Raises Undelivered."""
    parts = urlsplit(outside.smtp_url)
    if parts.scheme not in MAIL_PORTS or not parts.hostname:
        raise Undelivered("FOM_SMTP_URL is no address as smtp://host:587, smtps://host:465 or smtp+plain://host:25")
    message = EmailMessage()
    message["From"] = outside.mail_from or f"fom@{parts.hostname}"
    message["To"] = to
    message["Subject"] = " ".join(f"{outside.mission}: {subject}".split())[:200]
    message["Date"] = format_datetime(from_us(at))
    message["Message-ID"] = make_msgid(alert_id, domain=parts.hostname)
    message["X-Fom-Alert"] = alert_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    try:
        _send_mail(parts, message)
    except (smtplib.SMTPException, OSError, ValueError) as failed:
        raise Undelivered(_reason(failed)) from failed


def _send_mail(parts: SplitResult, message: EmailMessage) -> None:
    host, port = str(parts.hostname), parts.port or MAIL_PORTS[parts.scheme]
    context = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    with _ending(lambda: server.sock, MAIL_S), server:
        server.ehlo_or_helo_if_needed()
        if parts.scheme == "smtp":
            if not server.has_extn("starttls"):
                raise Undelivered("the mail server offers no encryption (smtp+plain:// would send without)")
            server.starttls(context=context)
            server.ehlo()
        if parts.username and parts.scheme == "smtp+plain":
            raise Undelivered("a password is not sent without encryption (smtp:// or smtps://)")
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


def send_webhook(outside: Outside, url: str, *, key: str, alert_id: str, now: int, body: bytes) -> None:
    """Post a signed message to a listed origin. Raises Undelivered."""
    if origin_of(url) not in outside.origins:
        raise Undelivered("its origin is not listed in FOM_WEBHOOK_HOSTS any more")
    parts = urlsplit(url)
    host, port = str(parts.hostname), parts.port or {"https": 443, "http": 80}[parts.scheme]
    stamp = str(now // 1_000_000)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "fom-webhook/1",
        "X-Fom-Alert": alert_id,
        "X-Fom-Timestamp": stamp,
        "X-Fom-Signature": f"sha256={signature(key, stamp, body)}",
    }
    address = find_address(host, port, is_private_allowed=outside.is_private_allowed)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    status = _post(parts.scheme, host, port, address, path, headers, body)
    if not 200 <= status < 300:
        raise Undelivered(f"it answered {status}; 200 to 299 is expected, redirects are not followed")


def find_address(host: str, port: int, *, is_private_allowed: bool) -> str:
    """Return the address of a host. Raises Undelivered when it has none, or one that must not be called."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failed:
        raise Undelivered("its host name has no address") from failed
    addresses = [str(entry[4][0]) for entry in found]
    if not is_private_allowed and not all(_is_public(address) for address in addresses):
        raise Undelivered("its host leads to a private address (FOM_WEBHOOK_PRIVATE)")
    return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        is_translated = ip in ipaddress.ip_network("64:ff9b::/96")
        if inner is not None or is_translated:
            inner = inner or ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
            return _is_public(str(inner))
    if any(ip in block for block in SPECIAL if block.version == ip.version):
        return False
    return ip.is_global and not ip.is_private and not ip.is_multicast and not ip.is_reserved


def _post(scheme: str, host: str, port: int, address: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
    """Return the status of the answer; the whole exchange ends after TIMEOUT_S, however slowly bytes come."""
    made: http.client.HTTPConnection
    made = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        plain = socket.create_connection((address, port), timeout=TIMEOUT_S)
    except OSError as failed:
        raise Undelivered(_reason(failed)) from failed
    try:
        with _ending(lambda: plain, TIMEOUT_S):
            if scheme == "https":
                made.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
            else:
                made.sock = plain
            made.request("POST", path, body=body, headers=dict(headers))
            answer = made.getresponse()
            answer.read(ANSWER_MAX)
            return answer.status
    except (http.client.HTTPException, OSError, ValueError) as failed:
        raise Undelivered(_reason(failed)) from failed
    finally:
        made.close()
        plain.close()


@contextlib.contextmanager
def _ending(connection: Callable[[], socket.socket | None], seconds: float) -> Iterator[None]:
    """Cut a connection when it takes longer than this in all, however slowly bytes come."""

    def cut() -> None:
        with contextlib.suppress(OSError):
            found = connection()
            if found is not None:
                found.shutdown(socket.SHUT_RDWR)

    end = threading.Timer(seconds, cut)
    end.daemon = True
    end.start()
    try:
        yield
    finally:
        end.cancel()


def _reason(failed: BaseException) -> str:
    """Return why a server was not reached, in some words."""
    if isinstance(failed, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {failed.verify_message}"
    if isinstance(failed, ssl.SSLError):
        return f"no encryption could be agreed: {failed.reason or 'the connection was cut'}"
    if isinstance(failed, smtplib.SMTPAuthenticationError):
        return f"the mail server refused name or password ({failed.smtp_code})"
    if isinstance(failed, smtplib.SMTPNotSupportedError):
        return f"the mail server cannot: {failed}"
    if isinstance(failed, UnicodeError):
        return "its name or password holds characters that SMTP cannot carry"
    if isinstance(failed, smtplib.SMTPResponseException):
        return f"the mail server answered {failed.smtp_code}"
    if isinstance(failed, smtplib.SMTPRecipientsRefused):
        return "the mail server refused the address"
    if isinstance(failed, TimeoutError):
        return f"no answer within {TIMEOUT_S:g} s"
    if isinstance(failed, OSError) and failed.strerror:
        return f"it was not reached: {failed.strerror}"
    return f"it was not reached: {type(failed).__name__}"
