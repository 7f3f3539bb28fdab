"""A portal that publishes all through the fault, receivers of what it publishes, and the reckoning at the end."""

import contextlib
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default

import orjson
import requests

from tests.builders import an_article, an_event_json
from tests.e2e.installation import Installation
from tests.eventually import eventually
from tests.servers.receiver import Receiver
from tests.servers.smtp import Mail, SmtpServer

EVERY_S = 2.0
ZONE, READER, HOOK = "演练产业园", "reader@mail.example", "/partner"
CAME_WITHIN_S = 240.0


@dataclass(slots=True)
class Portal:
    """Publishes one article every two seconds, and again whatever was not answered with 202, as a CMS does."""

    ours: Installation
    hook: Receiver
    post: SmtpServer
    accepted: dict[str, str] = field(default_factory=dict)  # guid: title
    answers: Counter[str] = field(default_factory=Counter)
    withdrawn: set[str] = field(default_factory=set)  # owed to nobody any more
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Subscribe a partner's webhook and a reader's mail to all of it, and begin to publish."""
        self.ours.subscribe("webhook", self.hook.url(HOOK), "--zone", ZONE)
        self.ours.subscribe("email", READER, "--zone", ZONE, "--cadence", "instant", "--confirmed")
        self._thread = threading.Thread(target=self._publish, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Publish no more; what was not accepted yet is tried until it is."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(120)

    def _publish(self) -> None:
        while not self._over.is_set():
            article = an_article(zone=ZONE)
            body = orjson.dumps(an_event_json(article))
            while not self._was_taken(body):
                time.sleep(1)  # what Retry-After says, or longer
            self.accepted[article.guid] = article.title
            self._over.wait(EVERY_S)

    def _was_taken(self, body: bytes) -> bool:
        try:
            answer = self.ours.post_events(body, content_type="application/cloudevents+json")
        except requests.RequestException as error:
            self.answers[type(error).__name__] += 1
            return False
        self.answers[str(answer.status_code)] += 1
        return answer.status_code == 202

    # --- the reckoning -----------------------------------------------------------------------------------------------

    def reckoned(self) -> str:
        """What became of the articles, in a sentence. Raises AssertionError where one is missing or came twice."""
        with contextlib.suppress(AssertionError):
            eventually(lambda: not self._missing(), within_s=CAME_WITHIN_S)
        missing, (again, twice) = self._missing(), self._twice()
        refused = {answer: n for answer, n in self.answers.items() if answer != "202"}
        said = f"{len(self.accepted)} accepted, {len(missing)} missing, {twice} twice, {again} again under the same id"
        said += f"; refused meanwhile {dict(refused)}" if refused else ""
        assert not missing, f"{said}: {missing[:5]}"
        assert not twice, said
        return said

    def _missing(self) -> list[str]:
        owed = set(self.accepted) - self.withdrawn
        at_hook = {_guid(push.body) for push in self.hook.received(HOOK)}
        mailed = {subject for subject, _ in self._mails()}
        unmailed = [guid for guid in owed if not any(self.accepted[guid] in subject for subject in mailed)]
        return sorted(owed - at_hook) + sorted(unmailed)

    def _twice(self) -> tuple[int, int]:
        """How often something came once more under the same id, and how often under another."""
        came = [(_guid(push.body), push.id) for push in self.hook.received(HOOK)]
        came += self._mails()
        of = [[ident for about, ident in came if about == one] for one in {about for about, _ in came}]
        again = sum(len(ids) - len(set(ids)) for ids in of)
        return again, sum(len(set(ids)) - 1 for ids in of)

    def _mails(self) -> list[tuple[str, str]]:
        """Subject and Message-ID of what the reader has."""
        mails = [message_from_bytes(mail.content, policy=default) for mail in self._kept()]
        return [(str(mail["Subject"]), str(mail["Message-ID"])) for mail in mails]

    def _kept(self) -> list[Mail]:
        return [mail for mail in list(self.post.mails) if mail.recipient == READER]


def _guid(body: bytes) -> str:
    data = orjson.loads(body)
    return f"{data['data'].get('guid', '')}"
