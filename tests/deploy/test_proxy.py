"""What config/deploy/proxy/ makes of nginx, before a web face of the test's own that says what it was asked.

Its documents hold for a second instead of a minute; otherwise they are what web/public/answering.py sends.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.eventually import eventually
from tests.servers.nginx import Proxy, running_proxy
from tests.servers.ports import free_port
from tests.web.serving import serve
from web.public.answering import CACHING, VARY
from zonewire.intake import REQUEST_BYTES

pytestmark = pytest.mark.slow  # it starts nginx, and waits for documents to grow old

HELD_S = 1
IN_BROWSER = {"Sec-Fetch-Dest": "document"}


@dataclass
class Face:
    """Answers like the web face, and remembers what came."""

    port: int
    path: str = "/feeds/all.rss"
    text: str = "first"
    status: int = 200
    asked: list[Request] = field(default_factory=list)
    counted: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def document(self, request: Request) -> Response:
        self.asked.append(request)
        coding = request.headers.get("accept-encoding", "")
        tag = f'"{self.text}-{coding}"'
        headers = {"ETag": tag, "Vary": VARY, "Cache-Control": CACHING.replace("max-age=60", f"max-age={HELD_S}")}
        if self.status != 200:
            return Response(status_code=self.status)
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(f"{self.text} {coding} {request.headers.get('sec-fetch-dest')}", headers=headers)

    async def anything(self, request: Request) -> Response:
        self.asked.append(request)
        body = await request.body()
        headers = {"Cache-Control": CACHING}
        return JSONResponse({"n": next(self.counted), "bytes": len(body), **request.headers}, headers=headers)

    @property
    def app(self) -> Starlette:
        anywhere = Route("/{rest:path}", self.anything, methods=["GET", "POST"])
        return Starlette(routes=[Route("/feeds/all.rss", self.document), anywhere])


@pytest.fixture(scope="module")
def proxy_and_face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Proxy, Face]]:
    face = Face(free_port())
    folder = tmp_path_factory.mktemp("nginx")
    with serve(face.app, port=face.port), running_proxy(folder, f"127.0.0.1:{face.port}") as proxy:
        yield proxy, face


@pytest.fixture
def face(proxy_and_face: tuple[Proxy, Face]) -> Face:
    found = proxy_and_face[1]
    found.asked.clear()
    found.path, found.text, found.status = f"/feeds/all.rss?{next(found.counted)}", "first", 200  # nothing kept yet
    return found


@pytest.fixture
def proxy(proxy_and_face: tuple[Proxy, Face]) -> Proxy:
    return proxy_and_face[0]


def fetched(proxy: Proxy, face: Face, **headers: str) -> requests.Response:
    sent = {"Accept-Encoding": "identity"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return proxy.get(face.path, headers=sent)


def test_a_document_is_kept_and_a_changed_one_is_out_once_its_second_is_over(proxy: Proxy, face: Face) -> None:
    assert [fetched(proxy, face).headers["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    assert len(face.asked) == 1

    face.text += " changed"

    assert "changed" not in fetched(proxy, face).text
    eventually(lambda: "changed" in fetched(proxy, face).text, within_s=HELD_S + 1, what="the first that asks gets it")


def test_while_the_web_face_fails_the_last_document_is_given(proxy: Proxy, face: Face) -> None:
    fetched(proxy, face)

    face.status = 503

    eventually(lambda: fetched(proxy, face).headers["X-Cache"] == "STALE", within_s=HELD_S + 2)
    assert face.text in fetched(proxy, face).text


def test_while_the_web_face_is_away_the_last_document_is_given(tmp_path: Path) -> None:
    face = Face(free_port())
    with running_proxy(tmp_path, f"127.0.0.1:{face.port}") as proxy:
        with serve(face.app, port=face.port):
            assert fetched(proxy, face).headers["X-Cache"] == "MISS"

        eventually(lambda: fetched(proxy, face).headers["X-Cache"] == "STALE", within_s=HELD_S + 2)
        assert face.text in fetched(proxy, face).text
        assert proxy.get("/subscribe").status_code == 502


def test_an_old_document_that_has_not_changed_is_asked_for_by_its_tag(proxy: Proxy, face: Face) -> None:
    fetched(proxy, face)

    eventually(lambda: fetched(proxy, face).headers["X-Cache"] == "REVALIDATED", within_s=HELD_S + 2)

    assert face.asked[-1].headers["if-none-match"] == f'"{face.text}-"'


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=1.0, gzip;q=0.8", "br"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=1.0,deflate;q=0.6,identity;q=0.3", "gzip"),
        ("x-gzip", "gzip"),
        ("brotli, gzipped", ""),
        ("gzip;q=0", ""),
        ("", ""),
    ],
)
def test_the_ways_to_say_a_coding_share_what_is_kept(proxy: Proxy, face: Face, accepted: str, coding: str) -> None:
    said = proxy.get("/feeds/a.rss", headers={"Accept-Encoding": accepted}).json()

    assert said.get("accept-encoding", "") == coding
    assert proxy.get("/feeds/a.rss", headers={"Accept-Encoding": coding}).json()["n"] == said["n"]


def test_a_person_and_a_program_are_kept_apart(proxy: Proxy, face: Face) -> None:
    person = proxy.get("/feeds/b.rss", headers=IN_BROWSER).json()
    program = proxy.get("/feeds/b.rss").json()

    assert person["n"] != program["n"]
    assert person["sec-fetch-dest"] == "document"
    assert proxy.get("/feeds/b.rss", headers={"Sec-Fetch-Dest": "empty"}).json()["n"] == program["n"]


def test_a_reader_of_deltas_is_answered_by_the_web_face_which_hears_its_tag(proxy: Proxy, face: Face) -> None:
    for _ in range(2):
        said = proxy.get("/feeds/c.atom", headers={"A-IM": "feed", "If-None-Match": '"held"'}).json()

    assert said["if-none-match"] == '"held"'
    assert len(face.asked) == 2


def test_a_reader_that_has_it_is_told_so_by_the_proxy(proxy: Proxy, face: Face) -> None:
    fetched(proxy, face)

    assert fetched(proxy, face, If_None_Match=f'"{face.text}-"').status_code == 304
    assert len(face.asked) == 1


def test_what_one_client_is_told_is_not_told_to_the_next(proxy: Proxy, face: Face) -> None:
    face.status = 429
    assert fetched(proxy, face).status_code == 429

    face.status = 200

    assert fetched(proxy, face).status_code == 200


@pytest.mark.parametrize("path", ["/feeds/private/aaaaaaaaaaaaaaaa.rss", "/feeds/", "/console/live", "/manage/token"])
def test_nothing_but_public_documents_is_kept(proxy: Proxy, face: Face, path: str) -> None:
    first, second = proxy.get(path).json(), proxy.get(path).json()

    assert second["n"] == first["n"] + 1


def test_who_asks_is_told_by_the_proxy_and_not_by_the_client(proxy: Proxy, face: Face) -> None:
    lies = {"X-Forwarded-For": "198.51.100.9", "X-Forwarded-Proto": "http", "Forwarded": "for=198.51.100.9"}

    for path in ("/subscribe", "/v1/events", "/feeds/d.rss", "/feeds/private/bbbbbbbbbbbbbbbb.rss", "/console"):
        said = proxy.get(path, headers=lies).json()
        assert (said["x-forwarded-for"], said["x-forwarded-proto"]) == ("127.0.0.1", "https"), path
        assert not said.get("forwarded"), path


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_what_supervisors_ask_is_not_there_for_the_world(proxy: Proxy, face: Face, path: str) -> None:
    assert proxy.get(path).status_code == 404
    assert face.asked == []


def test_eight_mebibytes_of_events_go_through_and_more_is_told_in_our_words(proxy: Proxy, face: Face) -> None:
    def posted(size: int) -> requests.Response:
        return requests.post(f"{proxy.https}/v1/events", data=bytes(size), verify=str(proxy.authority), timeout=10)

    assert posted(REQUEST_BYTES).json()["bytes"] == REQUEST_BYTES == 8 * 1024 * 1024
    refused = posted(REQUEST_BYTES + 1)
    assert (refused.status_code, refused.headers["Content-Type"]) == (413, "application/problem+json")
    assert refused.json()["status"] == 413


def test_plain_http_leads_to_https_and_https_is_remembered(proxy: Proxy, face: Face) -> None:
    moved = requests.get(f"{proxy.http}/feeds/all.rss?x=1", allow_redirects=False, timeout=10)

    assert (moved.status_code, moved.headers["Location"]) == (301, "https://127.0.0.1/feeds/all.rss?x=1")
    for path in ("/feeds/all.rss", "/subscribe", "/metrics"):
        assert proxy.get(path).headers["Strict-Transport-Security"] == "max-age=31536000", path


def test_the_log_names_no_token(proxy: Proxy, face: Face) -> None:
    for path in ("/manage/TOKEN", "/feeds/private/TOKENTOKENTOKEN1.rss", "/unsubscribe/TOKEN", "/hub?hub.topic=TOKEN"):
        proxy.get(path)

    eventually(lambda: "/hub" in proxy.log.read_text(), within_s=5, what="written down")
    assert "/manage/*" in proxy.log.read_text()
    assert "TOKEN" not in proxy.log.read_text()
