"""The mail itself: every header of the digest checklist, one letter for many readers, each with its own link."""

import email
import email.policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import pytest
from sqlalchemy import Connection, insert

from tests.builders import NOON, a_subscription, a_version, an_article, an_edition
from zonewire.channels import email as channel
from zonewire.delivery.mailing import Mailing, OwedLetter
from zonewire.delivery.messages import Endpoint, LetterMessage
from zonewire.digests import digest_messages
from zonewire.filters import Filter, intern
from zonewire.keys import KeyRing, read_token
from zonewire.rendering.portal import Portal
from zonewire.store.tables import edition_versions, feeds
from zonewire.subscriptions import Consent, record
from zonewire.subscriptions.confirmation import confirmation_messages

KEYS = KeyRing(("a key of the tests that is long enough",))
DELIVERY = "0190163d-8694-739b-aea5-966c26f8ad91"


def a_mailing() -> Mailing:
    return Mailing("https://wire.example", "投促网 <digest@wire.example>", KEYS, portal=Portal(name="投促网"))


def owed(db: Connection, *, subscription_id: int = 7, edition_id: int | None = None, key: int = 1) -> OwedLetter:
    if edition_id is None:
        edition_id = an_edition(db)
        row = {"edition_id": edition_id, "number": a_version(db).number, "role": "story"}
        db.execute(insert(edition_versions).values(row))
    return OwedLetter(id=key, delivery_id=DELIVERY, subscription_id=subscription_id, edition_id=edition_id)


def read(message: LetterMessage, address: str = "li@mail.example") -> EmailMessage:
    endpoint = Endpoint(id=1, channel="email", address=address, host="mail.example")
    request = channel.build(message, endpoint)
    raw = request.content if isinstance(request.content, bytes) else request.content()
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


@pytest.fixture
def mail(db: Connection) -> EmailMessage:
    return read(digest_messages(db, [owed(db)], mailing=a_mailing(), now=NOON)[1])


@pytest.mark.parametrize(
    "name",
    [
        "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Id", "List-Unsubscribe",
        "List-Unsubscribe-Post", "Feedback-ID", "Auto-Submitted",
    ],
)  # fmt: skip
def test_each_header_of_the_checklist_is_there_once(mail: EmailMessage, name: str) -> None:
    assert len(mail.get_all(name, [])) == 1


def test_the_message_id_is_the_deliverys_under_the_senders_domain(mail: EmailMessage) -> None:
    assert mail["Message-ID"] == f"<{DELIVERY}@wire.example>"


def test_it_goes_to_one_person_from_the_portal(mail: EmailMessage) -> None:
    assert mail["To"] == "li@mail.example"
    assert str(mail["From"]) == "投促网 <digest@wire.example>"


def test_one_click_unsubscribes_as_rfc_8058_has_it(mail: EmailMessage) -> None:
    link = mail["List-Unsubscribe"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link.startswith("<https://wire.example/unsubscribe/")
    token = link.removesuffix(">").rpartition("/")[2]
    assert read_token(KEYS, "unsubscribe", token) == 7
    assert "?" not in link
    assert " " not in link


def test_the_link_of_the_header_stands_in_both_parts(mail: EmailMessage) -> None:
    link = mail["List-Unsubscribe"].strip("<>")

    assert link in body(mail, "plain").splitlines()
    assert f'href="{link}"' in body(mail, "html")


def test_the_list_has_a_name_and_a_stable_id(mail: EmailMessage) -> None:
    words = email.header.decode_header(mail["List-Id"])
    text = "".join(word.decode(code or "ascii") if isinstance(word, bytes) else word for word, code in words)

    assert text.split() == ["投促网", "新闻摘要", "<digest.wire.example>"]


def test_the_feedback_id_ends_in_a_sender_id_and_names_no_message(mail: EmailMessage) -> None:
    parts = mail["Feedback-ID"].split(":")

    assert 5 <= len(parts[-1]) <= 15
    assert len(parts) <= 4
    assert DELIVERY not in mail["Feedback-ID"]


def test_the_date_is_that_of_the_try(mail: EmailMessage) -> None:
    assert parsedate_to_datetime(mail["Date"]).timestamp() * 1_000_000 == NOON


def test_no_line_is_longer_than_smtp_allows_nor_bare(db: Connection) -> None:
    message = digest_messages(db, [owed(db)], mailing=a_mailing(), now=NOON)[1]
    raw = message.letter.personal({**message.slots, "to": "li@mail.example"})

    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    raw.decode("ascii")


def test_readers_of_one_edition_share_a_letter_and_have_links_of_their_own(db: Connection) -> None:
    first = owed(db, subscription_id=1)
    second = owed(db, subscription_id=2, edition_id=first.edition_id, key=2)
    messages = digest_messages(db, [first, second], mailing=a_mailing(), now=NOON)

    assert messages[1].letter is messages[2].letter
    assert messages[1].slots["unsubscribe"] != messages[2].slots["unsubscribe"]


def test_a_letter_is_kept_until_something_in_it_is_withdrawn(db: Connection) -> None:
    mailing, gone = a_mailing(), an_article(title="要撤的稿")
    row = owed(db)
    number = a_version(db, gone).number
    db.execute(insert(edition_versions).values(edition_id=row.edition_id, number=number, role="story"))
    before = digest_messages(db, [row], mailing=mailing, now=NOON)[1].letter
    again = digest_messages(db, [row], mailing=mailing, now=NOON)[1].letter
    a_version(db, gone, withdrawn=True)
    after = digest_messages(db, [row], mailing=mailing, now=NOON)[1]

    assert before is again
    assert "要撤的稿" not in body(read(after), "plain")


def test_a_delivery_whose_edition_lost_everything_has_nothing_to_say(db: Connection) -> None:
    article = an_article()
    edition_id = an_edition(db)
    number = a_version(db, article).number
    db.execute(insert(edition_versions).values(edition_id=edition_id, number=number, role="story"))
    a_version(db, article, withdrawn=True)

    assert digest_messages(db, [owed(db, edition_id=edition_id)], mailing=a_mailing(), now=NOON) == {}


@pytest.mark.parametrize(
    ("locale", "subject"), [("zh-CN", "请确认订阅：投促网 新闻邮件"), ("en", "Please confirm: 投促网 news by email")]
)
def test_a_confirmation_asks_in_the_readers_language_what_is_to_be_confirmed(
    db: Connection, locale: str, subject: str
) -> None:
    filter_id = intern(db, Filter(cities=("泰州",)))
    ident = a_subscription(db, channel="email", state="unconfirmed", filter_id=filter_id, locale=locale)
    mail = read(confirmation_messages(db, [owed(db, subscription_id=ident)], mailing=a_mailing(), now=NOON)[1])

    (link,) = [line for line in body(mail, "plain").splitlines() if line.startswith("https://")]
    assert mail["Subject"] == subject
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    assert "泰州" in body(mail, "plain")
    assert f'href="{link}"' in body(mail, "html")
    assert read_token(KEYS, "confirm", link.rpartition("/")[2]) == ident


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_a_confirmation_of_instant_news_speaks_of_no_digest_and_promises_no_silence(
    db: Connection, locale: str
) -> None:
    ident = a_subscription(db, channel="email", state="unconfirmed", cadence="instant", locale=locale)
    mail = read(confirmation_messages(db, [owed(db, subscription_id=ident)], mailing=a_mailing(), now=NOON)[1])

    said = f"{mail['Subject']} {body(mail, 'plain')} {body(mail, 'html')}"
    words = ("摘要", "news digest", "不会再收到", "hear from us")  # another may ask for the same mailbox tomorrow
    assert [word for word in words if word in said] == []


@pytest.mark.parametrize("state", ["active", "ended"])
def test_a_confirmation_that_is_needed_no_more_is_not_sent(db: Connection, state: str) -> None:
    ident = a_subscription(db, channel="email", state=state)

    assert confirmation_messages(db, [owed(db, subscription_id=ident)], mailing=a_mailing(), now=NOON) == {}


def test_the_mail_leads_to_the_page_of_its_edition_at_one_address_for_all(db: Connection) -> None:
    mailing, row = a_mailing(), owed(db)
    others = owed(db, subscription_id=8, edition_id=row.edition_id, key=2)
    page = mailing.edition_link(row.edition_id or 0, NOON)
    for message in digest_messages(db, [row, others], mailing=mailing, now=NOON + 5).values():
        mail = read(message)
        assert page in body(mail, "plain").split()
        assert f'href="{page}"' in body(mail, "html")


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (29, None),
        (31, "这封摘要比预定时间晚到了半个多小时"),
        (125, "这封摘要比预定时间晚到了约 2 小时"),
        (3 * 24 * 60, "这封摘要比预定时间晚到了约 3 天"),
    ],
)
def test_a_mail_that_leaves_late_says_how_late_it_is(db: Connection, minutes: int, said: str | None) -> None:
    message = digest_messages(db, [owed(db)], mailing=a_mailing(), now=NOON + minutes * 60_000_000)[1]

    for kind in ("plain", "html"):
        assert (said or "晚到了") in body(read(message), kind) if said else "晚到了" not in body(read(message), kind)


def test_a_mail_says_what_a_pause_left_out(db: Connection) -> None:
    edition_id = an_edition(db, skipped=12, locale="en")
    db.execute(insert(edition_versions).values(edition_id=edition_id, number=a_version(db).number, role="story"))
    message = digest_messages(db, [owed(db, edition_id=edition_id)], mailing=a_mailing(), now=NOON)[1]

    assert "12 stories that fit were not sent" in body(read(message), "plain")


def test_a_stranger_writes_nothing_of_their_own_to_a_mailbox(db: Connection) -> None:
    wanted = Filter(
        cities=("泰州", "请到 https://evil.example 领奖"), keywords=("您中奖了", "evil.example"), not_zones=("点我",)
    )
    filter_id = intern(db, wanted)
    by_page, by_operator = (a_subscription(db, channel="email", state="unconfirmed", filter_id=filter_id) for _ in "ab")
    db.execute(insert(feeds).values(name="city/taizhou", kind="city", title="泰州"))
    given = Consent(act="asked", given_at=NOON, given_from="203.0.113.7", locale="zh-CN", wording="…")
    record(db, by_page, given)
    rows = [owed(db, subscription_id=one, edition_id=1, key=n) for n, one in enumerate((by_page, by_operator), 1)]
    mails = confirmation_messages(db, rows, mailing=a_mailing(), now=NOON)

    told = body(read(mails[1]), "plain") + body(read(mails[1]), "html")
    assert "城市：泰州、1 项；关键词：2 项；不含开发区：1 项" in told
    assert not [word for word in ("evil", "领奖", "中奖", "点我") if word in told]
    assert "关键词：您中奖了、evil.example" in body(read(mails[2]), "plain"), "an operator's own words stand"


def test_a_confirmation_is_short_whatever_is_asked_for(db: Connection) -> None:
    filter_id = intern(db, Filter(keywords=tuple(f"{n} {'长' * 190}" for n in range(1_000))))
    ident = a_subscription(db, channel="email", state="unconfirmed", filter_id=filter_id)
    message = confirmation_messages(db, [owed(db, subscription_id=ident)], mailing=a_mailing(), now=NOON)[1]

    assert len(message.letter.personal({**message.slots, "to": "li@mail.example"})) < 30_000
    assert "等，另有 988 项" in body(read(message), "plain")


def test_one_that_is_sent_again_says_so_and_not_how_late_it_is(db: Connection) -> None:
    one = owed(db)

    again = read(digest_messages(db, [one], mailing=a_mailing(), now=NOON + 86_400_000_000, again=True)[1])

    assert "可能没有送到您那里" in body(again, "plain")
    assert "晚到" not in body(again, "plain")
    assert "可能没有送到您那里" not in body(read(digest_messages(db, [one], mailing=a_mailing(), now=NOON)[1]), "plain")
