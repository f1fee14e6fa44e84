"""How alerts go out: real servers on this machine, receipts, tries that are bounded, and nowhere but where allowed."""

from __future__ import annotations

import hashlib
import hmac
import shutil
import socket
import time
from contextlib import closing
from urllib.parse import quote

import orjson
import pytest

from fom.domain.alerts import TRIES_MAX, pause_us
from fom.errors import InvalidInput
from fom.services.alerts import channels
from fom.services.alerts.channels import Undelivered, find_address, send_mail, send_webhook
from fom.services.alerts.inbox import list_given_up, send_again
from fom.services.alerts.settings import Outside, origin_of
from fom.services.alerts.subscriptions import get_subscription
from tests.services.alerts.servers import listener, mail_server, make_certificate, serving
from tests.services.alerts.watch import account, open_watchroom
from tests.services.ground import ON_EAST, ON_WEST
from tests.services.people import AMINA, T0, hazard, passage

HOUR = 3_600_000_000


def open_room(database, tmp_path, **settings):
    room = open_watchroom(database, tmp_path, **settings)
    return room, account(database, "duty", "duty_officer")


def test_an_alert_arrives_by_mail_once_and_leaves_a_receipt(database, tmp_path):
    with mail_server() as server:
        room, duty = open_room(database, tmp_path, smtp_url=server.url, public_url="https://fom.example/")
        room.subscribe(duty, is_email=True)
        room.report(hazard(at=ON_WEST))
        for each in (room, room.another(), room):
            each.settled()
        (message,) = server.messages
        assert server.recipients == [duty.email]
        assert (message["To"], message["Subject"]) == (duty.email, "Mission: MSR HERON: open → restricted")
        body = message.get_content()
        assert "MSR HERON km 0–1.1: open → restricted." in body
        assert "https://fom.example/alerts" in body
        (alert,) = room.alerts(duty)
        assert message["X-Fom-Alert"] == alert.id
        (receipt,) = room.deliveries("email")
        assert (receipt.status, receipt.tries, receipt.last_error) == ("delivered", 1, None)
        assert receipt.delivered_at is not None


def test_a_mail_server_that_is_down_is_tried_again_later_and_in_the_end_given_up(database, tmp_path):
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        url = f"smtp+plain://127.0.0.1:{free.getsockname()[1]}"
    room, duty = open_room(database, tmp_path, smtp_url=url)
    room.subscribe(duty, is_email=True, moves="none", kinds=("explosive",))
    room.report(hazard(at=ON_WEST))
    room.settled()
    (first,) = room.deliveries("email")
    assert (first.status, first.tries) == ("waiting", 1)
    assert "refused" in first.last_error
    room.settled()
    assert room.deliveries("email")[0].tries == 1  # not before its pause is over
    for _ in range(TRIES_MAX + 2):
        room.clock.now += 7 * HOUR
        room.settled()
    (last,) = room.deliveries("email")
    assert (last.status, last.tries) == ("given_up", TRIES_MAX)


def test_a_refused_message_is_sent_again(database, tmp_path):
    with mail_server() as server:
        server.refuse = ["451 later"]
        room, duty = open_room(database, tmp_path, smtp_url=server.url)
        room.subscribe(duty, is_email=True)
        room.report(hazard(at=ON_WEST))
        room.settled()
        assert room.deliveries("email")[0].last_error == "the mail server answered 451"
        room.clock.now += HOUR
        room.settled()
        assert len(server.messages) == 1
        assert (room.deliveries("email")[0].status, room.deliveries("email")[0].tries) == ("delivered", 2)


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """A certificate of this machine that its store of trusted ones holds."""
    made = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    return made


def send(url: str) -> None:
    message = {"to": "duty@mission.example", "alert_id": "a", "at": T0, "subject": "s", "text": "what it says"}
    send_mail(Outside(smtp_url=url), **message)


def commands(server) -> set[tuple[str, bool]]:
    return {(line.decode().split()[0].upper(), is_encrypted) for line, is_encrypted in server.commands}


@needs_openssl
@pytest.mark.parametrize("is_tls_first", [False, True], ids=["STARTTLS", "TLS"])
def test_mail_goes_encrypted_and_with_the_password(trusted, is_tls_first):
    with mail_server(trusted, is_tls_first=is_tls_first, password="s:@/%cret") as server:
        send(server.url.replace("s:@/%cret", quote("s:@/%cret", safe="")))
        assert server.messages[0].get_content().splitlines() == ["what it says"]
    readable = {verb for verb, is_encrypted in commands(server) if not is_encrypted}
    assert readable == (set() if is_tls_first else {"EHLO", "STARTTLS"})
    assert ("AUTH", True) in commands(server)


@needs_openssl
@pytest.mark.parametrize("is_tls_first", [False, True], ids=["STARTTLS", "TLS"])
@pytest.mark.parametrize("fault", ["unknown issuer", "another host"])
def test_a_certificate_that_is_not_trusted_fails_with_the_reason_and_nothing_is_sent(
    trusted, tmp_path, monkeypatch, is_tls_first, fault
):
    other = make_certificate(tmp_path, "elsewhere.example")
    if fault == "another host":
        monkeypatch.setenv("SSL_CERT_FILE", str(other))
    expected = {"unknown issuer": "self-signed certificate", "another host": "Hostname mismatch"}[fault]
    with mail_server(other, is_tls_first=is_tls_first, password="secret") as server:
        with pytest.raises(Undelivered, match=f"certificate is not trusted: .*{expected}"):
            send(server.url)
        assert server.messages == []
        assert commands(server) <= {("EHLO", False), ("STARTTLS", False)}


@needs_openssl
def test_a_certificate_that_is_trusted_later_lets_the_waiting_message_go(database, tmp_path, monkeypatch):
    certificate = make_certificate(tmp_path)
    with mail_server(certificate) as server:
        room, duty = open_room(database, tmp_path, smtp_url=server.url)
        room.subscribe(duty, is_email=True)
        room.report(hazard(at=ON_WEST))
        room.settled()
        (failed,) = room.deliveries("email")
        assert (failed.status, failed.tries) == ("waiting", 1)
        assert "certificate is not trusted" in failed.last_error
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        room.clock.now += HOUR
        room.settled()
        assert room.deliveries("email")[0].status == "delivered"
        assert len(server.messages) == 1


def test_mail_never_goes_readable_unless_that_is_said(tmp_path):
    with mail_server() as server:
        with pytest.raises(Undelivered, match="offers no encryption"):
            send(server.url.replace("smtp+plain", "smtp"))
        with pytest.raises(Undelivered, match="password is not sent without encryption"):
            send(server.url.replace("://", "://fom:secret@"))
        assert server.messages == []
        assert not any(b"AUTH" in line or b"MAIL" in line for line, _ in server.commands)
        send(server.url)
        assert len(server.messages) == 1


@needs_openssl
def test_a_wrong_password_is_named(trusted):
    with mail_server(trusted, password="right") as server:
        with pytest.raises(Undelivered, match=r"refused name or password \(535\)"):
            send(server.url.replace("right", "wrong"))
        assert server.messages == []


def test_a_mail_server_that_speaks_too_slowly_is_left_after_the_time_set(monkeypatch):
    monkeypatch.setattr(channels, "MAIL_S", 0.5)
    with mail_server(pause_s=0.1) as server:
        began = time.monotonic()
        with pytest.raises(Undelivered):
            send(server.url)
        assert time.monotonic() - began < 5


@needs_openssl
def test_a_webhook_over_tls_wants_a_certificate_that_is_trusted(tmp_path, monkeypatch):
    certificate = make_certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with listener(certificate) as heard:
        outside = Outside(origins=frozenset([heard.origin]), is_private_allowed=True)
        send_webhook(outside, f"{heard.origin}/", key="k", alert_id="a", now=0, body=b"{}")
        assert len(heard.requests) == 1
        monkeypatch.setenv("SSL_CERT_FILE", str(make_certificate(tmp_path, "elsewhere.example")))
        with pytest.raises(Undelivered, match="certificate is not trusted"):
            send_webhook(outside, f"{heard.origin}/", key="k", alert_id="a", now=0, body=b"{}")
        assert len(heard.requests) == 1


def test_every_try_of_a_webhook_is_signed_anew_after_a_longer_pause_until_it_is_given_up(database, tmp_path):
    """A receiver refuses what was signed more than five minutes ago: a late try must not look like a replay."""
    with listener() as heard:
        heard.answers = [503] * TRIES_MAX
        room, duty = open_room(database, tmp_path, webhook_hosts=heard.origin, webhook_private="yes")
        subscription = room.subscribe(duty, webhook=f"{heard.origin}/fom")
        room.report(hazard(at=ON_WEST))
        pauses = []
        while room.deliveries("webhook")[0].status == "waiting" if heard.requests else True:
            room.settled()
            (row,) = room.deliveries("webhook")
            pauses.append(row.due_at - room.clock.now)
            room.clock.now = max(room.clock.now, row.due_at - 5_000_000)
        assert len(heard.requests) == TRIES_MAX
        assert pauses[:-1] == sorted(set(pauses[:-1]))
        with database.reading() as session:
            key = get_subscription(session, room.keeper.outside, subscription, actor=duty)["webhook_key"]
        stamps = [headers["X-Fom-Timestamp"] for _, headers, _ in heard.requests]
        assert len(set(stamps)) == TRIES_MAX
        for _, headers, body in heard.requests:
            expected = hmac.new(key.encode(), f"{headers['X-Fom-Timestamp']}.".encode() + body, hashlib.sha256)
            assert headers["X-Fom-Signature"] == f"sha256={expected.hexdigest()}"
        with database.reading() as session:
            (dead,) = list_given_up(session, actor=duty)
        assert (dead["channel"], dead["tries"]) == ("webhook", TRIES_MAX)
        assert "503" in dead["last_error"]
        with database.writing() as session:
            send_again(session, dead["alert"], "webhook", actor=duty, now=room.clock.now)
        room.settled()
        assert room.deliveries("webhook")[0].status == "delivered"
        with database.reading() as session:
            assert list_given_up(session, actor=duty) == []


def test_a_webhook_is_signed_over_its_time_and_body(database, tmp_path):
    with listener() as heard:
        room, duty = open_room(database, tmp_path, webhook_hosts=heard.origin, webhook_private="yes")
        subscription = room.subscribe(duty, webhook=f"{heard.origin}/fom?unit=1")
        room.report(hazard(at=ON_WEST))
        room.settled()
        ((path, headers, body),) = heard.requests
        assert path == "/fom?unit=1"
        with database.reading() as session:
            key = get_subscription(session, room.keeper.outside, subscription, actor=duty)["webhook_key"]
        stamp = headers["X-Fom-Timestamp"]
        expected = hmac.new(key.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert headers["X-Fom-Signature"] == f"sha256={expected}"
        said = orjson.loads(body)
        (alert,) = room.alerts(duty)
        assert (said["alert"], said["title"], said["explosive"]) == (alert.id, "MSR HERON: open → restricted", True)
        assert headers["X-Fom-Alert"] == alert.id
        assert room.deliveries("webhook")[0].status == "delivered"


def test_a_redirect_is_not_followed_and_counts_as_not_delivered(database, tmp_path):
    with listener() as heard, listener() as canary:
        heard.answers, heard.location = [302], f"{canary.origin}/secret"
        room, duty = open_room(database, tmp_path, webhook_hosts=heard.origin, webhook_private="yes")
        room.subscribe(duty, webhook=f"{heard.origin}/fom")
        room.report(hazard(at=ON_WEST))
        room.settled()
        assert canary.requests == []
        assert "302" in room.deliveries("webhook")[0].last_error
        room.clock.now += HOUR
        room.settled()
        assert room.deliveries("webhook")[0].status == "delivered"


def test_one_that_answers_too_slowly_is_left_after_the_time_set(monkeypatch):
    import socketserver

    monkeypatch.setattr(channels, "TIMEOUT_S", 0.5)

    class Dripping(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200:
                try:
                    self.request.sendall(bytes([byte]))
                except OSError:
                    return
                time.sleep(0.05)

    with serving(socketserver.ThreadingTCPServer, Dripping) as port:
        origin = f"http://127.0.0.1:{port}"
        outside = Outside(origins=frozenset([origin]), is_private_allowed=True)
        began = time.monotonic()
        with pytest.raises(Undelivered):
            send_webhook(outside, f"{origin}/", key="k", alert_id="a", now=0, body=b"{}")
        assert time.monotonic() - began < 3


SPELLINGS = [
    "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "[::1]", "[::]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254",
    "[fe80::1]", "[fc00::1]", "[fd12:3456::1]", "100.64.0.1", "192.0.0.8", "224.0.0.1", "255.255.255.255",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "127.0.0.1.", "192.88.99.1", "[fec0::1]", "240.0.0.1",
]  # fmt: skip
TRICKS = [
    "http://ops.example@127.0.0.1/", "http://127.0.0.1#@ops.example/", "http://ops.example:80@127.0.0.1/",
    "http://ops.example\\@127.0.0.1/", "http://ops.example.evil.example/", "http://evil.example/ops.example",
    "ftp://ops.example/", "file:///etc/passwd", "gopher://ops.example/", "//ops.example/", "http:/ops.example",
    "http://ops.example:8080/", "https://ops.example/", "http://OPS.EXAMPLE:81/", "http://ops.example%2eevil/",
    "http://ops.example /", "http://ops.example\t/", "http://ops.example:99999/", "http://[::1", "",
    "http://user:pass@ops.example/", "javascript:alert(1)", "http://xn--ps-xka.example/", "http://öps.example/",
]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
def test_private_addresses_are_refused_however_they_are_spelled(host):
    name = host.strip("[]")
    with listener() as canary:
        port = int(canary.origin.rpartition(":")[2])
        origin = origin_of(f"http://{host}:{port}")
        outside = Outside(origins=frozenset([origin] if origin else []))
        with pytest.raises(Undelivered):
            send_webhook(outside, f"http://{host}:{port}/", key="k", alert_id="a", now=0, body=b"{}")
        assert canary.requests == []
    with pytest.raises(Undelivered):
        find_address(name, 80, is_private_allowed=False)


@pytest.mark.parametrize("url", TRICKS)
def test_an_address_that_is_not_listed_is_refused_when_it_is_subscribed_and_when_it_is_sent(url):
    outside = Outside(origins=frozenset(["http://ops.example:80"]))
    with pytest.raises(InvalidInput):
        outside.check_webhook(url)
    with pytest.raises(Undelivered):
        send_webhook(outside, url, key="k", alert_id="a", now=0, body=b"{}")


def test_a_host_that_names_another_address_the_second_time_is_called_at_the_one_that_was_checked(monkeypatch):
    """DNS rebinding: the name is public when it is looked up first, and this machine from then on."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host, port, *rest, **more):
        if host != "rebind.example":
            return real(host, port, *rest, **more)
        asked.append(host)
        address = "203.0.113.7" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(channels, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(channels, "_is_public", lambda address: address == "203.0.113.7")
    with listener() as canary:
        port = int(canary.origin.rpartition(":")[2])
        outside = Outside(origins=frozenset([f"http://rebind.example:{port}"]))
        with pytest.raises(Undelivered):
            send_webhook(outside, f"http://rebind.example:{port}/", key="k", alert_id="a", now=0, body=b"{}")
        assert canary.requests == []
    assert len(asked) == 1


def test_quiet_hours_hold_all_but_explosive_alerts(database, tmp_path):
    with mail_server() as server:
        room, duty = open_room(database, tmp_path, smtp_url=server.url, mission_zone="+03:00")
        quiet = {"quiet_from": "14:00", "quiet_to": "16:30"}
        room.subscribe(duty, is_email=True, moves="none", kinds=("explosive", "incident"), **quiet)
        incident = {"type": "Feature", "geometry": {"type": "Point", "coordinates": list(ON_EAST)}}
        incident["properties"] = {"kind": "incident", "type": "armed_robbery", "location": {"method": "gps"}}
        room.report(incident)  # 12:01Z is 15:01 there
        room.report(hazard(at=ON_WEST))
        room.settled()
        assert [message["Subject"] for message in server.messages] == [
            "Mission: Explosive hazard reported: MSR HERON km 0"
        ]
        held = next(d for d in room.deliveries("email") if d.status == "waiting")
        assert held.due_at == 1773149400000000  # 13:30Z
        room.clock.now = held.due_at - 1_000_000 - 10_000_000
        room.settled()
        assert len(server.messages) == 1
        room.settled()
        assert len(server.messages) == 2


def test_an_account_that_was_closed_meanwhile_gets_nothing_more(database, tmp_path):
    from fom.store.tables import User

    with mail_server() as server:
        room, duty = open_room(database, tmp_path, smtp_url=server.url)
        room.subscribe(duty, is_email=True, moves="none", kinds=("verification",), quiet_from="12:00", quiet_to="13:00")
        room.report(passage("west", occurred=room.clock.now), actor=AMINA)
        room.settled()
        with database.writing() as session:
            session.get(User, duty.user_id).active = False
        room.clock.now += 2 * HOUR
        room.settled()
        assert server.messages == []
        assert room.deliveries("email")[0].status == "given_up"


def test_pauses_grow_and_end():
    pauses = [pause_us(tries) // 60_000_000 for tries in range(1, TRIES_MAX)]
    assert pauses == [5, 10, 20, 40, 80, 160, 320]
    assert sum(pauses) / 60 == pytest.approx(10.6, abs=0.1)
