"""The callbacks of docs/partners/hub.md, subscribed to the real hub."""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.docs.programs import CALLBACK, EACH, PHP, PORTAL, Language, blocks, require, run, serving, shown
from tests.eventually import eventually
from tests.servers.ports import free_port
from tests.servers.websub import Subscriber
from tests.zonewire.hub.rig import Rig

PAGE = "hub.md"
SECRET = "a secret of the partner's, 秘密"


@dataclass(frozen=True, slots=True)
class Callback:
    """A program with what it is told."""

    language: Language
    program: Path
    env: dict[str, str]

    @property
    def url(self) -> str:
        """Where it takes documents."""
        return self.env["CALLBACK"]

    @property
    def kept(self) -> bytes:
        """The newest document that it believed; empty where there is none."""
        file = Path(self.env["FILE"])
        return file.read_bytes() if file.exists() else b""

    @contextmanager
    def runs(self, mode: str = "subscribe") -> Iterator[None]:
        """It serves, and has asked the hub."""
        env = self.env | {"MODE": mode}
        with serving(self.language, self.program, env):
            if self.language is PHP:
                assert "accepted" in run(self.language.command, str(self.program), env=env)
            yield


def a_callback(rig: Rig, folder: Path, language: Language) -> Callback:
    language.require()
    port = str(free_port())
    env = {
        "HUB": rig.hub,
        "TOPIC": rig.topic(),
        "CALLBACK": f"http://127.0.0.1:{port}/in/7c1e0f",
        "SECRET": SECRET,
        "FILE": str(folder / "all.atom"),
        "PORT": port,
    }
    return Callback(language, language.program(PAGE, folder), env)


@EACH
def test_a_callback_confirms_what_it_asked_for_believes_what_is_signed_and_leaves(
    rig: Rig, tmp_path: Path, language: Language
) -> None:
    callback = a_callback(rig, tmp_path, language)
    rig.publish()
    with callback.runs():
        _until_subscribed(rig, 1)
        rig.publish()
        rig.work()
        document = callback.kept
        assert document == rig.get(rig.topic()).content

        for signature in ("", "sha256=", f"sha256={'0' * 64}", f"sha256={'0' * 63}é"):
            headers = {"X-Hub-Signature": signature.encode()} if signature else {}
            assert requests.post(callback.url, data=b"forged", headers=headers, timeout=10).status_code == 204
        assert requests.post(f"{callback.url}/else", data=b"forged", timeout=10).status_code == 404
        assert callback.kept == document
        _asks_in_vain(callback, rig)
        rig.publish()
        rig.work()
        assert callback.kept == rig.get(rig.topic()).content != document
    (subscription,) = rig.subscriptions()
    assert subscription["signed"]
    with callback.runs("unsubscribe"):
        _until_subscribed(rig, 0)


def _until_subscribed(rig: Rig, n: int) -> None:
    def is_reached() -> bool:
        rig.push()
        return len(rig.subscriptions()) == n

    eventually(is_reached, within_s=10, what=f"{n} subscriptions")


def _asks_in_vain(callback: Callback, rig: Rig) -> None:
    """What it did not ask for, it does not confirm."""
    question = {"hub.mode": "subscribe", "hub.topic": rig.topic(), "hub.challenge": "c1<", "hub.lease_seconds": "60"}
    answers = [
        requests.get(f"{callback.url}{path}", params=question | other, timeout=10)
        for path, other in (
            ("", {}),
            ("", {"hub.topic": rig.topic(form="json")}),
            ("", {"hub.mode": "unsubscribe"}),
            ("", {"hub.mode": ""}),
            ("x", {}),
            ("", {"hub.mode": "denied", "hub.reason": "over"}),
        )
    ]
    assert [answer.status_code // 100 for answer in answers] == [2, 4, 4, 4, 4, 2]
    assert answers[0].text == "c1<"
    assert answers[0].headers["Content-Type"].startswith("text/plain")


def test_the_variables_of_the_page_are_those_that_the_programs_read() -> None:
    given = {word.partition("=")[0] for word in shlex.split(shown(PAGE, "export HUB")) if "=" in word}

    assert given == {"HUB", "TOPIC", "MODE", "CALLBACK", "SECRET", "FILE", "PORT"}
    for fence in ("python", "js"):
        assert not [name for name in given if name not in blocks(PAGE, fence)[0]]


def test_curl_asks_and_looks(rig: Rig) -> None:
    require("curl", "the commands of the page are not tried")
    rig.publish()
    with Subscriber() as subscriber:
        subscriber.expected.add(("subscribe", rig.topic()))
        ask, look = (
            shown(PAGE, beginning).replace(CALLBACK, subscriber.callback()).replace(PORTAL, rig.base)
            for beginning in ("curl -si", "curl -sG")
        )
        for _ in range(2):  # asking again is renewing
            assert run("sh", "-euc", ask).startswith("HTTP/1.1 202")
            rig.push()
        assert len(rig.subscriptions()) == 1
        assert json.loads(run("sh", "-euc", look))["state"] == "active"
