"""The simulated search engines, held to their own rules: what they take and what they do not."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.simulators.baidu import SITE, TOKEN, Baidu
from tests.simulators.indexnow import IndexNow
from tests.simulators.serving import Answer, Asked, Simulator

pytestmark = pytest.mark.slow  # of what tests stand on: CI runs them, not everybody each time

DAY_S = 86_400.0
PAGE, OTHER = f"{SITE}/a.html", f"{SITE}/b.html"
HOST, KEY = "www.example.com", "0123456789abcdef-ABC"


@pytest.fixture
def baidu() -> Iterator[Baidu]:
    with Baidu() as running:
        yield running


def push(
    baidu: Baidu, *lines: str, site: str = SITE, token: str = TOKEN, mime: str = "text/plain"
) -> requests.Response:
    query = {"site": site, "token": token}
    body = "\n".join(lines).encode()
    return requests.post(f"{baidu.base}/urls", params=query, data=body, headers={"content-type": mime}, timeout=10)


def test_baidu_takes_addresses_of_the_verified_site(baidu: Baidu) -> None:
    reply = push(baidu, PAGE, OTHER)
    assert (reply.status_code, reply.json()) == (200, {"remain": 2998, "success": 2})
    assert [one.url for one in baidu.accepted] == [PAGE, OTHER]
    assert baidu.accepted[0].at == pytest.approx(baidu.now(), abs=60)
    assert (baidu.refusals, baidu.repeats) == ([], [])


def test_baidu_tells_apart_what_is_foreign_and_what_is_no_address(baidu: Baidu) -> None:
    reply = push(baidu, PAGE, "http://www.example.com/a.html", "https://x.example/", "www.example.com/c", f"{SITE}/文")
    assert reply.json() == {
        "remain": 2999,
        "success": 1,
        "not_same_site": ["http://www.example.com/a.html", "https://x.example/"],
        "not_valid": ["www.example.com/c", f"{SITE}/文"],
    }
    assert len(baidu.refusals) == 4


@pytest.mark.parametrize(
    ("lines", "over", "status", "message"),
    [
        ([PAGE], {"site": "www.example.com"}, 400, "site error"),
        ([PAGE], {"site": "http://www.example.com"}, 400, "site error"),
        ([PAGE], {"token": "x"}, 401, "token is not valid"),
        ([PAGE], {"mime": "application/x-www-form-urlencoded"}, 400, "content type error"),
        (["", " "], {}, 400, "empty content"),
        ([PAGE] * 2001, {}, 400, "only 2000 urls are allowed once"),
        ([f"{PAGE}?{'x' * 10_000_000}"], {}, 413, "body too large"),
    ],
)
def test_baidu_refuses(baidu: Baidu, lines: list[str], over: dict[str, str], status: int, message: str) -> None:
    reply = push(baidu, *lines, **over)
    assert (reply.status_code, reply.json()) == (status, {"error": status, "message": message})
    assert baidu.accepted == []


def test_baidu_takes_2000_lines(baidu: Baidu) -> None:
    assert push(baidu, *(f"{SITE}/{n}" for n in range(2000))).json()["success"] == 2000


def test_baidu_knows_no_other_call(baidu: Baidu) -> None:
    assert requests.get(f"{baidu.base}/urls", timeout=10).status_code == 404


def test_baidus_quota_begins_again_at_midnight_in_china(baidu: Baidu) -> None:
    baidu.move_clock(DAY_S - (baidu.now() + 8 * 3600) % DAY_S + 3600)  # 01:00 of tomorrow
    baidu.daily_quota = 2
    assert push(baidu, PAGE).json()["remain"] == 1
    assert push(baidu, OTHER, f"{SITE}/c").json() == {"error": 400, "message": "over quota"}
    assert push(baidu, OTHER).json()["remain"] == 0
    baidu.move_clock(22 * 3600)
    assert push(baidu, f"{SITE}/c").status_code == 400
    baidu.move_clock(3600 + 60)
    assert push(baidu, f"{SITE}/c").json()["remain"] == 1


def test_baidu_notes_what_is_pushed_again_unless_it_changed(baidu: Baidu) -> None:
    push(baidu, PAGE, OTHER)
    baidu.change(PAGE)
    push(baidu, PAGE, OTHER)
    assert baidu.repeats == [OTHER]
    push(baidu, PAGE)
    assert baidu.repeats == [OTHER, PAGE]


class Site(Simulator):
    """Serves files by their path."""

    def __init__(self) -> None:
        super().__init__()
        self.files = {f"/{KEY}.txt": KEY, f"/news/{KEY}.txt": KEY}

    def answer(self, asked: Asked) -> Answer:
        if (text := self.files.get(asked.path)) is None:
            return Answer(b"", 404, {})
        return Answer(text.encode(), 200, {"content-type": "text/plain"})


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def engine(site: Site) -> Iterator[IndexNow]:
    with IndexNow({HOST: site.base}) as running:
        yield running


def submit(engine: IndexNow, *urls: str, **over: Any) -> int:
    shape = {"host": HOST, "key": KEY, "urlList": list(urls or [PAGE])} | over
    return requests.post(f"{engine.base}/indexnow", json=shape, timeout=10).status_code


def test_indexnow_takes_addresses_once_it_has_read_the_key_file(engine: IndexNow, site: Site) -> None:
    assert submit(engine, PAGE, OTHER) == 200
    assert [one.url for one in engine.accepted] == [PAGE, OTHER]
    assert engine.key_fetches == [f"http://{HOST}/{KEY}.txt"]
    assert (site.asked[0].path, site.asked[0].headers["host"]) == (f"/{KEY}.txt", HOST)
    assert engine.refusals == []


@pytest.mark.parametrize("text", ["another-key", "", None])
def test_indexnow_refuses_a_key_that_the_file_does_not_hold(engine: IndexNow, site: Site, text: str | None) -> None:
    del site.files[f"/{KEY}.txt"]
    if text is not None:
        site.files[f"/{KEY}.txt"] = text
    assert submit(engine) == 403
    assert engine.accepted == []


def test_indexnow_asks_a_function_where_a_host_is_served(engine: IndexNow, site: Site) -> None:
    engine.hosts = lambda host: site.base if host == HOST else None
    assert submit(engine) == 200
    assert submit(engine, "https://x.example/", host="x.example") == 403


def test_indexnow_may_look_at_the_key_later(engine: IndexNow, site: Site) -> None:
    engine.late = True
    assert submit(engine) == 202
    site.files.clear()
    assert submit(engine, OTHER) == 202
    assert ([one.url for one in engine.accepted], [one.url for one in engine.dropped]) == ([PAGE], [OTHER])


def test_with_a_key_location_only_what_is_below_its_folder_is_taken(engine: IndexNow) -> None:
    location = f"https://{HOST}/news/{KEY}.txt"
    assert submit(engine, f"{SITE}/news/a", keyLocation=location) == 200
    assert engine.key_fetches == [location]
    assert submit(engine, PAGE, keyLocation=location) == 422
    assert submit(engine, f"{SITE}/newspaper", keyLocation=location) == 422
    assert submit(engine, keyLocation=f"https://x.example/{KEY}.txt") == 422


@pytest.mark.parametrize(
    ("over", "status"),
    [
        ({"key": "short-1"}, 422),
        ({"key": "x" * 129}, 422),
        ({"key": "under_score_1"}, 422),
        ({"key": ""}, 400),
        ({"host": ""}, 400),
        ({"host": "https://www.example.com/"}, 400),
        ({"host": "x.example"}, 422),
        ({"urlList": ["https://x.example/a"]}, 422),
        ({"urlList": ["/a"]}, 400),
        ({"urlList": []}, 400),
        ({"urlList": PAGE}, 400),
        ({"urlList": [PAGE] * 10_001}, 400),
        ({"urls": []}, 400),
        ({"key": 12345678}, 400),
    ],
)
def test_indexnow_refuses(engine: IndexNow, over: dict[str, Any], status: int) -> None:
    assert submit(engine, **over) == status
    assert (engine.accepted, len(engine.refusals)) == ([], 1)


@pytest.mark.parametrize("key", ["12345678", "x" * 128])
def test_a_key_of_indexnow_has_8_to_128_characters(engine: IndexNow, site: Site, key: str) -> None:
    site.files[f"/{key}.txt"] = f"{key}\n"
    assert submit(engine, key=key) == 200


def test_indexnow_takes_10000_addresses(engine: IndexNow) -> None:
    assert submit(engine, *[PAGE] * 10_000) == 200


def test_indexnow_takes_json_alone(engine: IndexNow) -> None:
    for mime, body in (("text/plain", b"{}"), ("application/json", b"{")):
        reply = requests.post(f"{engine.base}/indexnow", data=body, headers={"content-type": mime}, timeout=10)
        assert reply.status_code == 400


def test_indexnow_takes_a_single_address_by_get(engine: IndexNow) -> None:
    def ask(path: str = "/indexnow", **query: str) -> int:
        return requests.get(engine.base + path, params=query, timeout=10).status_code

    assert ask(url=PAGE, key=KEY) == 200
    assert [one.url for one in engine.accepted] == [PAGE]
    assert ask(url="https://x.example/", key=KEY) == 403
    assert ask(url=PAGE, key=KEY, keyLocation=f"https://{HOST}/news/{KEY}.txt") == 422
    assert ask(url="a", key=KEY) == 400
    assert ask(path="/other") == 404


def test_indexnow_takes_so_many_calls_a_minute(engine: IndexNow) -> None:
    engine.per_minute, engine.retry_after_s = 1, 60
    assert submit(engine) == 200
    reply = requests.get(f"{engine.base}/indexnow", params={"url": PAGE, "key": KEY}, timeout=10)
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "60")
    engine.move_clock(60)
    assert submit(engine) == 200
