"""The receivers of docs/partners/webhooks.md, pushed to by the real courier, and by nobody we know."""

import json
import shlex
import time
from pathlib import Path

import requests

from tests.builders import a_delivery, an_endpoint
from tests.docs.programs import EACH, Language, blocks, serving, shown
from tests.servers.ports import free_port
from tests.zonewire.hub.rig import Rig
from zonewire.keys import SigningKey, new_webhook_secret, sign
from zonewire.store import now

PAGE = "webhooks.md"
SECRET = new_webhook_secret()
BODY = '{"type": "article.published", "data": {"title": "泰州"}}'.encode()


def pushed(rig: Rig, url: str) -> None:
    """Push the news of an article to *url*."""
    with rig.store.writing() as db:
        endpoint = an_endpoint(db, address=url, secret=rig.face.keys.seal(SECRET.encode()))
        a_delivery(db, endpoint_id=endpoint, created_at=now(db), due_at=now(db) - 1)
    rig.push()


def a_webhook(ident: str, *secrets: str, at: float | None = None) -> dict[str, str]:
    moment = int(time.time() if at is None else at)
    signature = sign([SigningKey.of(secret) for secret in secrets], ident, moment, BODY)
    return {"webhook-id": ident, "webhook-timestamp": str(moment), "webhook-signature": signature}


@EACH
def test_a_receiver_keeps_each_genuine_webhook_once(rig: Rig, tmp_path: Path, language: Language) -> None:
    language.require()
    folder = tmp_path / "in"
    folder.mkdir()
    env = {"SECRET": SECRET, "FOLDER": str(folder), "PORT": str(free_port())}
    url = f"http://127.0.0.1:{env['PORT']}/hook"
    stranger = new_webhook_secret()

    def status(headers: dict[str, str], body: bytes = BODY) -> int:
        return requests.post(url, data=body, headers=headers, timeout=10).status_code

    with serving(language, language.program(PAGE, tmp_path), env):
        pushed(rig, url)
        (file,) = folder.iterdir()
        assert json.loads(file.read_text())["type"] == "article.published"

        rotating = a_webhook("0197-a", stranger, SECRET)
        assert [status(rotating), status(rotating)] == [204, 204]
        assert sorted(one.name for one in folder.iterdir()) == sorted(["0197-a.json", file.name])
        assert (folder / "0197-a.json").read_bytes() == BODY

        genuine = a_webhook("0197-b", SECRET)
        assert [
            status(a_webhook("0197-b", stranger)),
            status(genuine, BODY + b" "),
            status(genuine | {"webhook-id": "0197-c"}),
            status(a_webhook("0197-b", SECRET, at=time.time() - 302)),
            status(genuine | {"webhook-timestamp": "soon"}),
            status(genuine | {"webhook-signature": "v1,"}),
            status({}),
        ] == [401] * 7
        assert status(a_webhook("../../0197-d", SECRET)) == 204  # even from us it is a name, and no path
        assert len(list(folder.iterdir())) == 3


def test_the_variables_of_the_page_are_those_that_the_programs_read() -> None:
    given = {word.partition("=")[0] for word in shlex.split(shown(PAGE, "export SECRET")) if "=" in word}

    assert given == {"SECRET", "FOLDER", "PORT"}
    for fence in ("python", "js"):
        assert not [name for name in given if name not in blocks(PAGE, fence)[0]]
