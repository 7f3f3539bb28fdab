"""Personal data and secrets stand in no log: an installation is driven with marked ones, and all goes wrong."""

import base64
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import orjson
import pytest
import requests
from sqlalchemy import text

from tests.builders import an_article, an_event_json
from tests.e2e.installation import Installation, an_installation
from tests.eventually import eventually
from tests.servers.ports import free_port
from tests.servers.postgres import Postgres
from tests.servers.redis import RedisServer, running_redis
from tests.servers.smtp import SmtpServer, running_smtp
from tests.simulators.serving import Answer, Asked, Simulator

pytestmark = pytest.mark.slow  # an installation of its own, and all that befalls it

READER = "zhang.markson+tag@reader-mail.example"
APPID = "wx0123456789abcdef"
MARKS = {
    "mailbox": "zhang.markson",
    "name": "Zhang Markson",
    "smtp": 'mk"smtp&pass/word',
    "redis": "mk-redis-password",
    "database": "mk-database-password",
    "key": "mk-secret-key-0001112223",
    "old_key": "mk-secret-key-of-before-99",
    "event_token": "mk-event-token-0123456789",
    "admin_token": "mk-admin-token-0123456789",
    "metrics_token": "mk-metrics-token-0123456",
    "baidu": "mk-baidu-token",
    "indexnow": "mk-indexnow-key-01234",
    "wechat": "mk-wechat-app-secret-0123",
    "wechat_token": "mk-wechat-access-token-01",
    "wecom": "mk-wecom-robot-key-012345",
    "dingtalk": "mk-dingtalk-robot-token-0",
    "feishu": "mk-feishu-robot-hook-0123",
    "slack": "T0MK/B0MK/mkslackhook012345678",
    "robot": "SECmk-secret-of-the-robots",
    "webhook": "mk-path-of-a-webhook-0123",
    "query": "mk-query-of-a-webhook-012",
    "callback": "mk-callback-of-the-hub-01",
    "hub": "mk-secret-of-a-callback-01",
    "password": "mk-password-of-nobody-012",
    "cookie": "mk-cookie-of-a-session-01",
    "argument": "mk-argument-of-a-task-012",
}
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"mk-webhook-secret-0123456789").decode()


class Echo(Simulator):
    """Takes nothing, and says back everything that it was sent: in its body, and in a header."""

    def answer(self, asked: Asked) -> Answer:
        if asked.path.endswith("stable_token"):
            return Answer.json({"access_token": MARKS["wechat_token"], "expires_in": 7200})
        told = f"{asked.path}?{asked.raw_query} {dict(asked.headers)} {asked.body.decode(errors='replace')} {READER}"
        shape = {"errcode": 40058, "errmsg": told, "code": 19002, "msg": told, "error": 400, "message": told}
        status = 500 if "hook/mk-path" in asked.path or "callback" in asked.path else 200
        return Answer.json(shape, status, x_echo=quote(told)[:2_000], set_cookie=f"s={MARKS['cookie']}")


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with Echo() as running:
        yield running


@pytest.fixture(scope="module")
def broker() -> Iterator[RedisServer]:
    with running_redis(password=MARKS["redis"]) as running:
        yield running


@pytest.fixture(scope="module")
def relay() -> Iterator[SmtpServer]:
    with running_smtp(password=MARKS["smtp"]) as running:
        yield running


@pytest.fixture(scope="module")
def installation(
    echo: Echo, broker: RedisServer, relay: SmtpServer, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    settings = {
        "database_url": postgres.fresh().replace("postgres@", f"postgres:{MARKS['database']}@"),
        "redis_url": broker.url,
        "smtp_url": f"smtp://{quote(READER)}:{quote(MARKS['smtp'], safe='')}@127.0.0.1:{relay.port}",
        "mail_from": f"{MARKS['name']} <digest@wire.example>",
        "secret_key": f"{MARKS['key']},{MARKS['old_key']}",
        "event_token": MARKS["event_token"],
        "event_secret": WEBHOOK_SECRET,
        "admin_token": MARKS["admin_token"],
        "metrics_token": MARKS["metrics_token"],
        "baidu_api": f"{echo.base}/urls",
        "baidu_token": MARKS["baidu"],
        "indexnow_api": f"{echo.base}/indexnow",
        "indexnow_key": MARKS["indexnow"],
        "wechat_appid": APPID,
        "wechat_secret": MARKS["wechat"],
        "wechat_api": echo.base,
        "retry_schedule": "1",
        "mail_retry_schedule": "1",
        "log_level": "debug",
    }
    with an_installation(tmp_path_factory.mktemp("secret") / "data", **settings) as running:
        running.up()
        yield running


def addresses(base: str) -> list[tuple[str, str, str]]:
    """Channel, address and secret of one endpoint each."""
    return [
        ("wecom", f"{base}/cgi-bin/webhook/send?key={MARKS['wecom']}", ""),
        ("dingtalk", f"{base}/robot/send?access_token={MARKS['dingtalk']}", MARKS["robot"]),
        ("feishu", f"{base}/open-apis/bot/v2/hook/{MARKS['feishu']}", MARKS["robot"]),
        ("slack", f"{base}/services/{MARKS['slack']}", ""),
        ("webhook", f"{base}/hook/{MARKS['webhook']}?auth={MARKS['query']}", WEBHOOK_SECRET),
    ]


def subscribed(installation: Installation, echo: Echo) -> None:
    """Everybody, each where nothing is taken and where nobody is."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    lines: list[dict[str, Any]] = [
        {"channel": channel, "to": address} | ({"secret": secret} if secret else {})
        for base in (echo.base, nowhere)
        for channel, address, secret in addresses(base)
    ]
    lines += [{"channel": name, "to": "portal.example"} for name in ("baidu", "indexnow")]
    lines += [{"channel": "wechat_oa", "to": APPID}]
    lines += [{"channel": "email", "to": READER, "confirmed": True, "cadence": one} for one in ("instant", "daily")]
    installation.import_subscriptions(lines)


def knock(installation: Installation) -> None:
    """What people and strangers send to the pages, right and wrong."""
    base, mark = installation.base_url, MARKS["query"]
    topic = f"{base}/feeds/all.atom"
    callback = f"http://127.0.0.1:1/{MARKS['callback']}?state={mark}"
    forms: list[tuple[str, dict[str, str]]] = [
        ("/subscribe", {"action": "subscribe", "address": f"x{READER}", "cadence": "daily"}),
        ("/subscribe", {"action": "links", "address": READER}),
        ("/subscribe", {"action": "subscribe", "address": f"{READER}@@", "keyword": READER, "cadence": "never"}),
        ("/hub", {"hub.mode": "subscribe", "hub.topic": topic, "hub.callback": callback, "hub.secret": MARKS["hub"]}),
        ("/hub", {"hub.mode": "subscribe", "hub.topic": topic, "hub.callback": f"nonsense:{callback}"}),
        ("/console/login", {"name": MARKS["name"], "password": MARKS["password"]}),
    ]
    cookies = {"session": MARKS["cookie"], "zonewire": MARKS["cookie"]}
    for path, form in forms:
        requests.post(f"{base}{path}?token={mark}", data=form, cookies=cookies, timeout=10)
    for path in ("manage", "confirm", "unsubscribe", "editions", "feeds/private", "articles", "v1/events"):
        requests.get(f"{base}/{path}/{mark}.atom?access_token={mark}&to={READER}", cookies=cookies, timeout=10)
    for token in (MARKS["event_token"], MARKS["admin_token"], MARKS["password"]):
        headers = {"Authorization": f"Bearer {token}", "X-Request-Id": READER}
        requests.get(f"{base}/metrics?token={mark}", headers=headers, timeout=10)
        for body in (an_event_json(data={"guid": READER, "title": 7}), {"specversion": READER}, [READER]):
            requests.post(f"{base}/v1/events", json=body, headers=headers, timeout=10)


def follow_links(installation: Installation, relay: SmtpServer) -> list[str]:
    """Look at every link of the mails that came, and use each; their tokens."""
    mails = b"\n".join(mail.content for mail in relay.mails)
    parts = re.findall(rb"\r\n\r\n((?:[A-Za-z0-9+/=]{4,76}\r\n)+)", mails)
    plain = mails.decode() + "".join(base64.b64decode(part).decode(errors="replace") for part in parts)
    links = set(re.findall(rf"{re.escape(installation.base_url)}/(\w+)/([\w.~=-]{{20,}})", plain))
    for page, token in links:
        address = f"{installation.base_url}/{page}/{token}"
        for method in ("GET", "POST"):
            requests.request(method, address, data={"action": "nonsense", "to": READER}, timeout=10)
    return [token for _, token in links]


def break_tables(installation: Installation, relay: SmtpServer) -> list[str]:
    """Let the database refuse for a moment: whatever touches it fails, with a trace."""
    tables = ("subscribers", "subscriptions", "attempts", "edition_versions")
    with installation.store() as store:
        for old, new in [(name, f"{name}_away") for name in tables]:
            with store.writing() as db:
                db.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
        installation.publish([an_article()])
        tokens = follow_links(installation, relay)
        knock(installation)
        seen = {"request.failed", "batch.unsettled"}
        eventually(lambda: seen <= told(installation), within_s=10, what="faults are told")
        for old, new in [(name, f"{name}_away") for name in tables]:
            with store.writing() as db:
                db.execute(text(f"ALTER TABLE {new} RENAME TO {old}"))
    return tokens


def disturb_celery(broker: RedisServer) -> None:
    """Messages that nobody of ours sends."""
    from celery import Celery

    app = Celery("stranger", broker=broker.broker_url)
    app.conf.update(task_default_exchange="", task_create_missing_queues=True)
    arguments: dict[str, Any] = {"args": [READER, MARKS["argument"]], "kwargs": {"token": MARKS["argument"]}}
    for name in ("events.turn", "nobody.knows", "celery.ping"):
        app.send_task(name, queue="events", **arguments)
    with broker.client() as client:
        body = base64.b64encode(MARKS["argument"].encode()).decode()
        envelope = {"body": body, "headers": {}, "properties": {"delivery_tag": "x", "delivery_info": {}}}
        for extra in ({}, {"content-type": "application/json", "content-encoding": "utf-8"}):
            client.lpush("events", orjson.dumps(envelope | extra))


def told(installation: Installation) -> set[str]:
    """The events that stand in the log."""
    log = (installation.data_dir / "logs" / "zonewire.log").read_text()
    whole = log[: log.rfind("\n") + 1]  # the last one may be on its way
    return {orjson.loads(line)["event"] for line in whole.splitlines() if line.startswith("{")}


def spellings(mark: str) -> set[bytes]:
    """*mark* as it may stand somewhere: as it is, in an address, in JSON, and in base64 at any place of a group."""
    raw = mark.encode()
    found = {mark, quote(mark), quote(mark, safe=""), quote_plus(mark)}
    found |= {orjson.dumps(mark).decode()[1:-1], repr(mark)[1:-1], repr(raw)[2:-1]}
    for before in range(3):
        cut = base64.b64encode(b"\0" * before + raw)[4 if before else 0 : -4]
        found |= {cut.decode(), cut.decode().replace("+", "-").replace("/", "_")}
    return {one.encode() for one in found}


def test_no_log_holds_whom_it_is_about_or_what_would_let_anybody_in(
    installation: Installation, echo: Echo, broker: RedisServer, relay: SmtpServer
) -> None:
    subscribed(installation, echo)
    knock(installation)
    installation.publish([an_article() for _ in range(2)])
    eventually(lambda: len(relay.mails) >= 2, within_s=10, what="mails came")
    relay.refused[READER] = f"550 5.7.1 <{READER}> ({quote(READER)}): {MARKS['name']} is on holiday"
    installation.publish([an_article()])
    installation.cli("digests", "run", "--at", "2030-01-01T08:00:00+08:00")
    tokens = break_tables(installation, relay)
    relay.password = "another"
    relay.hang_up()
    installation.publish([an_article()])
    disturb_celery(broker)
    expected = {"attempt.delivered", "attempt.failed", "delivery.buried", "relay.refused", "task.unknown"}
    expected |= {"events.refused", "login.refused", "hub.asked", "library.said"}
    eventually(lambda: expected <= told(installation), within_s=20, what=f"{expected} are told")
    broker.kill()
    eventually(lambda: "broker.unreachable" in told(installation), within_s=10)
    broker.start()
    installation.terminate()

    folder = installation.data_dir
    logs = [installation.log, *folder.rglob("*.log*"), *(folder / "logs").rglob("*")]
    texts = {path.name: path.read_bytes() for path in logs if path.is_file()}
    marks = MARKS | {f"token {n}": token for n, token in enumerate(tokens)} | {"webhook_secret": WEBHOOK_SECRET}
    assert tokens
    found = {
        (name, file): line[:400]
        for name, mark in marks.items()
        for file, content in texts.items()
        for line in content.splitlines()
        if any(spelling in line for spelling in spellings(mark))
    }
    assert not found, "\n".join(f"{where}: {line.decode(errors='replace')}" for where, line in found.items())
