"""`zonewire subscribe`, `subscriptions …` and `endpoints list`, as a shell sees them."""

import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.builders import a_subscription
from tests.cli.conftest import Run
from zonewire.keys import new_webhook_secret, secret_bytes
from zonewire.store import Store

ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is said and asked; the statements behind it run on both in their own tests."""


def printed(done: "subprocess.CompletedProcess[str]") -> Any:
    assert done.returncode == 0, done.stderr
    return orjson.loads(done.stdout)


def test_a_webhook_is_subscribed_before_the_first_start(run: Run) -> None:
    made = printed(run("subscribe", "--channel", "webhook", "--to", "https://Partner.example/hook", "--json"))

    assert list(made) == ["id", "endpoint", "channel", "to", "cadence", "state", "secret"]
    assert len(secret_bytes(made["secret"])) == 32
    assert [row["id"] for row in printed(run("subscriptions", "list", "--json"))] == [made["id"]]


def test_a_subscription_is_made_listed_paused_and_removed(run_here: Run) -> None:
    to = ("--channel", "webhook", "--to", "https://Partner.example/hook")
    made = printed(run_here("subscribe", *to, "--city", "泰州", "--city", "苏州", "--not-keyword", "招聘", "--json"))
    assert "secret" in made
    assert "secret" not in printed(run_here("subscribe", *to, "--json"))

    listed = printed(run_here("subscriptions", "list", "--json"))
    assert [row["filter"] for row in listed] == [{"city": ["泰州", "苏州"], "not_keyword": ["招聘"]}, {}]
    assert printed(run_here("subscriptions", "pause", made["id"], "--json"))["state"] == "paused"
    rests = printed(run_here("subscriptions", "pause", made["id"], "--until", "2099-01-01", "--json"))
    assert (rests["state"], rests["paused_until"]) == ("paused", "2098-12-31T16:00:00Z")
    assert run_here("subscriptions", "pause", made["id"], "--until", "2020-01-01").returncode == 2
    assert printed(run_here("subscriptions", "resume", made["id"], "--json"))["state"] == "active"
    assert "ended" in run_here("subscriptions", "remove", made["id"]).stdout
    assert [row["state"] for row in printed(run_here("subscriptions", "list", "--json"))] == ["ended", "active"]
    assert [row["id"] for row in printed(run_here("endpoints", "list", "--json"))] == [made["endpoint"]]
    assert made["endpoint"] in run_here("endpoints", "list").stdout


@ON_ONE_DATABASE
def test_a_secret_can_come_from_standard_input(run_here: Run) -> None:
    secret = new_webhook_secret()
    options = ("--channel", "webhook", "--to", "https://partner.example/", "--secret", "-", "--json")
    assert printed(run_here("subscribe", *options, stdin=f"{secret}\n"))["secret"] == secret


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (("--channel", "fax", "--to", "1"), 2, "channel: 'fax' is no channel\nChannels are email, webhook, wecom,"),
        (("--channel", "webhook", "--to", "https://a.example/", "--cadence", "daily"), 2, "webhook cannot be daily"),
        (("--channel", "email", "--to", "a@mail.example", "--timezone", "Mars"), 2, "timezone"),
        (("--channel", "email"), 2, "--to"),
    ],
)
def test_what_cannot_be_is_told_in_a_line_or_two(run_here: Run, args: tuple[str, ...], status: int, said: str) -> None:
    done = run_here("subscribe", *args)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) <= 2


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("channel", "to", "setting"),
    [
        ("wechat_oa", "wx0123456789abcdef", "ZONEWIRE_WECHAT_APPID"),
        ("indexnow", "www.example.com", "ZONEWIRE_INDEXNOW_KEY"),
        ("baidu", "www.example.com", "ZONEWIRE_BAIDU_TOKEN"),
    ],
)
def test_a_channel_that_lacks_a_setting_says_which(run_here: Run, channel: str, to: str, setting: str) -> None:
    done = run_here("subscribe", "--channel", channel, "--to", to)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"zonewire: channel: {channel} needs {setting}, which is not set",
        "docs/operators/channels.md tells how.",
    ]


@ON_ONE_DATABASE
@pytest.mark.parametrize("channel", ["wecom", "dingtalk", "feishu", "slack"])
def test_a_robots_address_is_kept_and_never_shown(run_here: Run, tmp_path: Path, channel: str) -> None:
    address = "https://robots.example/send?key=0f7d0a52-6f2e-4b57-9c0b-2d6a1f3b8e90"
    done = run_here("subscribe", "--channel", channel, "--to", address, "--json")
    assert done.returncode == 0
    assert orjson.loads(done.stdout)["to"] == "https://robots.example/…8e90"
    assert "0f7d0a52" not in run_here("subscriptions", "list").stdout + run_here("endpoints", "list").stdout
    run_here("subscriptions", "export", str(tmp_path / "all.jsonl"))
    assert address in (tmp_path / "all.jsonl").read_text()


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("channel", "to"),
    [
        ("webhook", "partner.example/hook"),
        ("webhook", "ftp://partner.example/"),
        ("webhook", "http://127.1/"),
        ("webhook", "http://[::1/"),
        ("webhook", ""),
        ("webhook", "https://user:pw@partner.example/"),
        ("email", "nobody"),
        ("email", "reader@[127.0.0.1]"),
        ("email", " "),
    ],
)
def test_a_malformed_address_is_wrong_usage_by_every_channel(run_here: Run, channel: str, to: str) -> None:
    done = run_here("subscribe", "--channel", channel, "--to", to)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("zonewire: to: ")
    assert len(done.stderr.splitlines()) == 2


@ON_ONE_DATABASE
@pytest.mark.parametrize("to", ["http://[::1]/", "http://localhost/"])
def test_a_well_formed_address_that_leads_inside_is_refused(run_here: Run, to: str) -> None:
    done = run_here("subscribe", "--channel", "webhook", "--to", to)
    assert (done.returncode, done.stdout) == (1, "")
    assert "leads inside" in done.stderr


@ON_ONE_DATABASE
def test_the_settings_decide_what_leads_inside(run_here: Run) -> None:
    options = ("subscribe", "--channel", "webhook", "--to", "http://127.0.0.1:9000/", "--json")
    assert run_here(*options, ZONEWIRE_ALLOW_ENDPOINTS="127.0.0.1:9001").returncode == 1
    assert run_here(*options, ZONEWIRE_ALLOW_ENDPOINTS="127.0.0.1").returncode == 2
    assert printed(run_here(*options, ZONEWIRE_ALLOW_ENDPOINTS="127.0.0.1:9000"))["state"] == "active"


@ON_ONE_DATABASE
def test_an_import_tells_bad_lines_and_takes_the_others(run_here: Run, tmp_path: Path) -> None:
    lines = [{"channel": "email", "to": f"reader{n}@mail.example", "confirmed": True} for n in range(3)]
    lines[1]["to"] = "nobody"
    lines[2:2] = [lines[0] | {"channel": "fax"}, lines[0] | {"confirmed": "yes"}]
    file = tmp_path / "subscribers.jsonl"
    file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    done = run_here("subscriptions", "import", str(file))
    assert done.returncode == 1
    assert done.stderr == (
        "line 2: to: 'nobody' is no email address (Give one such as reader@example.com.)\n"
        "line 3: channel: 'fax' is no channel (Channels are email, webhook, wecom, dingtalk, feishu, slack, wechat_oa, "
        "indexnow, baidu.)\n"
        "line 4: confirmed: must be true or false\n"
    )
    assert done.stdout == "2 added, 0 known already, 3 bad lines left out\n"
    again = run_here("subscriptions", "import", "-", "--json", stdin=orjson.dumps(lines[0]).decode())
    assert printed(again) == {"added": 0, "known": 1, "bad": 0, "secrets": []}


@ON_ONE_DATABASE
def test_an_import_prints_the_secrets_that_it_made(run_here: Run) -> None:
    line = orjson.dumps({"channel": "webhook", "to": "https://partner.example/"}).decode()
    (made,) = printed(run_here("subscriptions", "import", "-", "--json", stdin=line))["secrets"]
    assert secret_bytes(made["secret"])


@ON_ONE_DATABASE
@pytest.mark.parametrize("args", [("import", "/nowhere"), ("pause", "s4711"), ("remove", "x"), ("resume", "e1")])
def test_what_is_not_there_is_told(run_here: Run, args: tuple[str, ...]) -> None:
    done = run_here("subscriptions", *args)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("zonewire: ")
    assert "Traceback" not in done.stderr


@ON_ONE_DATABASE
def test_an_export_is_a_file_for_its_owner_alone_or_standard_output(run_here: Run, tmp_path: Path) -> None:
    run_here("subscribe", "--channel", "email", "--to", "a@mail.example", "--confirmed")
    target = tmp_path / "subscriptions.jsonl"
    done = run_here("subscriptions", "export", str(target))
    assert done.stdout == f"1 subscriptions written to {target}\n"
    assert target.stat().st_mode & 0o777 == 0o600
    assert run_here("subscriptions", "export").stdout == target.read_text()
    assert run_here("subscriptions", "import", str(target)).stdout == "0 added, 1 known already, 0 bad lines left out\n"
    assert run_here("subscriptions", "export", str(tmp_path / "no" / "where")).returncode == 2


@ON_ONE_DATABASE
def test_a_private_feed_is_made_shown_renewed_and_ended(store: Store, run_here: Run) -> None:
    with store.writing() as db:
        ident, asked = f"s{a_subscription(db)}", f"s{a_subscription(db, state='unconfirmed')}"
    made = printed(run_here("subscriptions", "feed", ident, "--json"))
    assert list(made) == ["id", "state", "made_at", "rss", "atom", "json"]
    assert (made["id"], made["state"], made["rss"][-4:]) == (ident, "served", ".rss")
    assert "/feeds/private/" in made["rss"]
    assert run_here("subscriptions", "feed", ident).stdout.splitlines() == [made["rss"], made["atom"], made["json"]]

    assert printed(run_here("subscriptions", "feed", ident, "--renew", "--json"))["rss"] != made["rss"]
    assert "has ended" in run_here("subscriptions", "feed", ident, "--revoke").stdout
    assert printed(run_here("subscriptions", "feed", ident, "--revoke", "--json"))["rss"] is None
    assert run_here("subscriptions", "feed", ident, "--revoke", "--renew").returncode == 2
    assert run_here("subscriptions", "feed", asked).returncode == 1
