"""The sample desk: checks signatures as a partner should, and shows mails without trusting them."""

import http.client
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from multiprocessing import get_context
from pathlib import Path

import orjson
import pytest

from tests.eventually import eventually
from workers.sample_desk import DeskServer, preferred_locale, serve_desk
from workers.sample_receipts import KEPT, Receipt, Receipts
from zonewire.keys import SigningKey, new_webhook_secret, sign

SECRET = new_webhook_secret()
OTHER = new_webhook_secret()


@dataclass(frozen=True)
class Desk:
    port: int
    outbox: Path

    def get(self, path: str, language: str = "en") -> tuple[int, str, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", path, headers={"Accept-Language": language})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers

    def push(self, body: bytes, *, ident: str = "0193-1", secret: str = SECRET, at: int | None = None) -> int:
        timestamp = int(time.time()) if at is None else at
        headers = {
            "webhook-id": ident,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign([SigningKey.of(secret)], ident, timestamp, body),
        }
        return self.post("/hook", body, headers)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("POST", path, body, headers)
        return connection.getresponse().status


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    sock = socket.create_server(("127.0.0.1", 0))
    server = DeskServer(sock, outbox=tmp_path, secret=SECRET)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Desk(sock.getsockname()[1], tmp_path)
    server.shutdown()
    thread.join()
    server.server_close()


def a_push(title: str = "泰州新闻", kind: str = "article.published", url: str = "https://news.example.com/1") -> bytes:
    return orjson.dumps({"type": kind, "timestamp": "2026-06-06T00:00:00Z", "data": {"title": title, "url": url}})


def a_mail(outbox: Path, name: str = "0193-1.eml", subject: str = "6月6日 摘要", html: str = "<p>泰州</p>") -> None:
    mail = EmailMessage(policy=SMTP)
    mail["Subject"], mail["To"], mail["List-Unsubscribe"] = subject, "reader@example.com", "<https://x.example/u/1>"
    mail.set_content("纯文本")
    mail.add_alternative(f"<html><head></head><body>{html}</body></html>", subtype="html")
    (outbox / name).write_bytes(mail.as_bytes())


def test_a_signed_push_is_taken_and_shown(desk: Desk) -> None:
    assert desk.push(a_push("泰州开通专线")) == 204

    _, page, _ = desk.get("/")

    assert "泰州开通专线" in page
    assert "signature holds" in page
    assert "0193-1" in page


@pytest.mark.parametrize("how", [{"secret": OTHER}, {"at": int(time.time()) - 3_600}])
def test_a_push_whose_signature_does_not_hold_is_refused_and_shown_as_such(desk: Desk, how: dict[str, object]) -> None:
    assert desk.push(a_push(), **how) == 401  # type: ignore[arg-type]  # the two ways have two types

    _, page, _ = desk.get("/")

    assert "signature does not hold" in page
    assert "signature holds" not in page


def test_the_same_id_is_shown_once(desk: Desk) -> None:
    for _ in range(3):
        desk.push(a_push("泰州"))

    _, page, _ = desk.get("/")

    assert page.count("泰州") == 1
    assert "came 3 times" in page


def test_a_forged_push_does_not_hide_a_true_one_of_the_same_id(desk: Desk) -> None:
    desk.push(a_push("forged"), secret=OTHER)
    desk.push(a_push("true"))

    _, page, _ = desk.get("/")

    assert "true" in page


def test_only_the_newest_receipts_are_kept() -> None:
    receipts = Receipts()
    for number in range(KEPT + 5):
        receipts.take(a_receipt(str(number)))

    kept = receipts.newest_first()

    assert len(kept) == KEPT
    assert kept[0].id == str(KEPT + 4)


def a_receipt(ident: str) -> Receipt:
    return Receipt(
        id=ident, verified=True, type="x", title="x", url="", language="en", version=1, sequence="", received_at=0
    )


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/hook", b"not json", {}, 400),
        ("/hook", b"[]", {}, 400),
        ("/hook", b'{"type": "x", "data": 5}', {}, 400),
        ("/other", b"{}", {}, 404),
        ("/hook", b"", {"Content-Length": "99999999"}, 413),
        ("/hook", b"", {"Content-Length": "-1"}, 411),
    ],
)
def test_a_bad_push_is_answered_and_changes_nothing(
    desk: Desk, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert desk.post(path, body, headers) == status
    assert "Nothing has been pushed yet" in desk.get("/")[1]


def test_what_an_article_says_cannot_become_markup_or_a_script_link(desk: Desk) -> None:
    desk.push(a_push("<script>alert(1)</script>", url="javascript:alert(1)"))

    _, page, headers = desk.get("/")

    assert "<script>" not in page
    assert "javascript:" not in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_mails_are_listed_newest_first_and_shown_part_by_part(desk: Desk) -> None:
    a_mail(desk.outbox, "a.eml", "第一封")
    a_mail(desk.outbox, "b.eml", "第二封")
    os.utime(desk.outbox / "a.eml", (1, 1))

    _, listed, _ = desk.get("/mail")
    _, shown, _ = desk.get("/mail/b.eml")

    assert listed.index("第二封") < listed.index("第一封")
    assert "纯文本" in shown
    assert "List-Unsubscribe" in shown
    assert 'src="/mail/b.eml/html"' in shown


def test_a_mails_html_is_shown_under_a_policy_that_runs_nothing(desk: Desk) -> None:
    a_mail(desk.outbox, html="<a href='https://x.example/'>泰州</a>")

    status, page, headers = desk.get("/mail/0193-1.eml/html")

    assert status == 200
    assert '<base target="_blank">' in page
    assert headers["Content-Security-Policy"].startswith("sandbox ")
    assert "allow-scripts" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["/mail/..%2Fsecrets.env", "/mail/%2E%2E%2Fx.eml", "/mail/none.eml", "/mail/a/b/c", "/nope", "/mail/.eml"]
)
def test_nothing_but_mails_can_be_read(desk: Desk, path: str) -> None:
    (desk.outbox.parent / "x.eml").write_text("Subject: secret\r\n\r\nsecret")

    status, page, _ = desk.get(path)

    assert status == 404
    assert "secret" not in page


def test_pages_speak_the_visitors_language(desk: Desk) -> None:
    assert 'lang="zh-CN"' in desk.get("/", language="zh-CN,en;q=0.5")[1]
    assert 'lang="en"' in desk.get("/", language="en-GB,zh;q=0.5")[1]


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", "zh-CN"),
        ("de", "zh-CN"),
        ("de, en;q=0.1", "en"),
        ("en;q=0.4, zh;q=0.5", "zh-CN"),
        ("en;q=0, fr", "zh-CN"),
        ("EN-us;q=junk", "en"),
    ],
)
def test_the_language_goes_by_weight_then_place(header: str, locale: str) -> None:
    assert preferred_locale(header) == locale


def test_it_serves_until_sigterm(tmp_path: Path) -> None:
    sock = socket.create_server(("127.0.0.1", 0))
    child = get_context("fork").Process(
        target=serve_desk, kwargs={"sock": sock, "outbox": tmp_path, "secret": SECRET}, daemon=True
    )
    child.start()
    desk = Desk(sock.getsockname()[1], tmp_path)
    assert eventually(lambda: desk.get("/mail")[0] == 200, within_s=5)

    os.kill(child.pid or 0, signal.SIGTERM)
    child.join(5)

    assert child.exitcode == 0
