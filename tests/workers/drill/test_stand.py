"""The receivers of a drill over real sockets: what each mood answers, and what was taken in it."""

import smtplib
from collections.abc import Iterator

import pytest
import requests

from tests.servers.ports import free_port
from tests.workers.drill.builders import a_receiver, some_news
from workers.drill.audience import HOOK_DOORS, HTTP_DOORS, HUB_DOOR, MAIL_DOOR, ROBOT_DOORS
from workers.drill.board import Board
from workers.drill.doors import Mood
from workers.drill.installation import InstallationFailed
from workers.drill.mailbox import MailMood
from workers.drill.stand import Stand, standing

HOOK, ROBOT = HOOK_DOORS[0], ROBOT_DOORS[0]
NEWS = some_news(1)
HEAD = "Message-ID: <x@drill.example>\r\nContent-Type: text/plain; charset=utf-8\r\n"
MAIL = (HEAD + f"\r\n{NEWS.title}\r\n" + "..................................\r\n" * 100).encode()


@pytest.fixture
def stand() -> Iterator[Stand]:
    with standing(Board(), {name: free_port() for name in HTTP_DOORS}, mail_port=free_port()) as running:
        running.welcome(
            [
                a_receiver(name="robot", channel="slack", to=at(running, ROBOT), door=ROBOT),
                a_receiver(name="reader", channel="email", to="reader@drill.example", door=MAIL_DOOR),
            ]
        )
        yield running


def at(stand: Stand, door: str) -> str:
    return f"http://127.0.0.1:{stand.doors[door].port}/services/drill-robot-0001"


def posted(stand: Stand, door: str = ROBOT) -> str:
    """What somebody who posts a card is answered."""
    try:
        answer = requests.post(at(stand, door), json={"text": NEWS.title}, timeout=0.3)
    except requests.Timeout:
        return "nothing"
    except requests.RequestException as error:
        return "refused" if "refused" in str(error) else "broken"
    return f"{answer.status_code} {answer.text}".strip()


def taken(stand: Stand) -> int:
    return stand.board.count()[1]


def test_a_port_that_is_taken_is_told_at_once(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.drill.mailbox.TRIES", 1)
    taken_port = stand.mailbox.port
    ports = {name: free_port() for name in HTTP_DOORS}

    with pytest.raises(InstallationFailed, match=f"did not start: .*{taken_port}"):
        standing(Board(), ports, mail_port=taken_port).__enter__()


@pytest.mark.parametrize(
    ("mood", "answer", "has_it"),
    [
        (Mood.OPEN, "200 ok", 1),
        (Mood.REFUSES, "refused", 0),
        (Mood.HANGS, "nothing", 1),
        (Mood.FAILS, "500 out of order", 0),
    ],
)
def test_a_door_answers_by_its_mood_and_works_again_afterwards(
    stand: Stand, mood: Mood, answer: str, has_it: int
) -> None:
    stand.be(ROBOT, mood)
    assert (posted(stand), taken(stand)) == (answer, has_it)

    stand.open_all()
    assert (posted(stand), taken(stand)) == ("200 ok", has_it + 1)


def test_a_robots_door_breaks_off_one_answer_to_each_robot(stand: Stand) -> None:
    stand.be(ROBOT, Mood.BREAKS_OFF)

    assert [posted(stand) for _ in range(3)] == ["broken", "200 ok", "200 ok"]
    assert taken(stand) == 3


def test_who_is_not_expected_is_told_so(stand: Stand) -> None:
    assert posted(stand, HOOK) == "404"


def test_a_callback_repeats_the_hubs_challenge_and_keeps_its_last_document(stand: Stand) -> None:
    callback = stand.callbacks()[1]

    answer = requests.get(callback, params={"hub.mode": "subscribe", "hub.challenge": "abc"}, timeout=5)
    for body in (b"old", b"new"):
        requests.post(callback, data=body, timeout=5)

    assert answer.text == "abc"
    assert stand.board.documents()["callback 2"].body == b"new"
    assert stand.board.came_since([HUB_DOOR], 0.0)


def mailed(stand: Stand) -> str:
    """What becomes of a mail."""
    try:
        with smtplib.SMTP("127.0.0.1", stand.mailbox.port, timeout=5) as smtp:
            smtp.sendmail("a@drill.example", "reader@drill.example", MAIL)
    except ConnectionRefusedError:
        return "refused"
    except (smtplib.SMTPException, OSError):
        return "broken"
    return "taken"


@pytest.mark.parametrize(
    ("mood", "answer", "has_it"),
    [
        (MailMood.OPEN, "taken", 1),
        (MailMood.REFUSES, "refused", 0),
        (MailMood.BREAKS_OFF, "broken", 0),
        (MailMood.LOSES_ANSWER, "broken", 1),
    ],
)
def test_the_mail_server_takes_mails_by_its_mood(stand: Stand, mood: MailMood, answer: str, has_it: int) -> None:
    stand.take_mails(mood)
    assert (mailed(stand), taken(stand)) == (answer, has_it)

    stand.open_all()
    assert (mailed(stand), taken(stand)) == ("taken", has_it + 1)
