"""What is to be done about drafts of an Official Account: the messages of claimed deliveries, and what came of them.

A draft holds the newest text of each article until it is published: a correction rewrites it in place, a withdrawn
article leaves it, or leaves its place marked where that cannot go. What was made is kept with the settlement, in one
transaction; what changed while it was being made is owed as a revision then.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import orjson
from sqlalchemy import Connection

from zonewire.delivery.counts import Moves
from zonewire.delivery.mailing import Mailing
from zonewire.delivery.messages import DraftMessage
from zonewire.delivery.owing import owe_revisions
from zonewire.delivery.states import Kind
from zonewire.digests import statements
from zonewire.digests.rendering import draft_articles
from zonewire.digests.wechat import WechatArticle

GONE = "the draft is no longer in the box: it was published, or deleted there"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedDraft:
    """A claimed delivery to an Official Account."""

    id: int
    kind: Kind
    endpoint_id: int
    edition_id: int | None
    subscription_id: int | None
    part: int  # of a digest that is published: 0 the draft, 1 its submission, from 2 on a question how it fares
    was_tried: bool  # an earlier try may have made the draft


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftEnded:
    """How the errand of such a delivery ended, and WeChat's answer."""

    owed: OwedDraft
    answer: Mapping[str, Any]
    failed: str = ""  # why it did, for good


def draft_message(db: Connection, owed: OwedDraft, *, mailing: Mailing) -> DraftMessage | None:
    """What *owed* wants done; None where there is nothing to do any more. Raises NotFound."""
    if owed.kind is Kind.TEST:
        return DraftMessage("check")
    if owed.kind is Kind.REVISION:
        return _revision(db, owed, mailing)
    kept = db.execute(statements.DRAFT, {"delivery": owed.id}).one_or_none()
    if owed.part == 0:
        return _new(db, owed, mailing)
    if kept is None:
        return None
    if owed.part == 1:
        return _submission(db, owed, kept, mailing)
    return DraftMessage("poll", publish_id=kept.publish_id or "", told={"polls": owed.part - 2})


def _new(db: Connection, owed: OwedDraft, mailing: Mailing) -> DraftMessage | None:
    assert owed.edition_id is not None  # noqa: S101 - a digest has one
    made_at, articles, newest = draft_articles(db, owed.edition_id, mailing=mailing)
    if not articles:
        return None
    submits = bool(db.execute(statements.SUBMITS, {"id": owed.subscription_id}).scalar())
    told = {"submits": submits, "newest": newest, "articles": marks_of(articles)}
    taken = tuple(db.execute(statements.TAKEN_DRAFTS, {"endpoint": owed.endpoint_id}).scalars())
    message = _told("add", articles, mailing, made_at=made_at, told=told)
    return message._replace(is_uncertain=owed.was_tried, taken=taken)


def _submission(db: Connection, owed: OwedDraft, kept: Any, mailing: Mailing) -> DraftMessage:
    """A draft is published as its articles stand now: what has changed since is written first."""
    rewritten = _rewritten("submit", db, kept, mailing)
    return (rewritten or DraftMessage("submit", media_id=kept.media_id))._replace(is_uncertain=owed.was_tried)


def _revision(db: Connection, owed: OwedDraft, mailing: Mailing) -> DraftMessage | None:
    """The articles of a draft that have changed since it was last written."""
    of = {"edition": owed.edition_id, "subscription": owed.subscription_id}
    kept = db.execute(statements.OPEN_DRAFT, of).first()
    return None if kept is None else _rewritten("update", db, kept, mailing)


def _rewritten(act: str, db: Connection, kept: Any, mailing: Mailing) -> DraftMessage | None:
    """What has changed of the draft *kept*; None where nothing has."""
    had = orjson.loads(kept.articles)
    made_at, articles, newest = draft_articles(db, kept.edition_id, mailing=mailing, places=len(had))
    marks = marks_of(articles)
    changed = tuple(index for index, mark in enumerate(marks) if mark != had[index])
    if not changed:
        return None
    told = {"newest": newest, "articles": marks, "had": had, "draft": kept.delivery_id}
    some = tuple(articles[index] for index in changed)
    message = _told(act, some, mailing, made_at=made_at, told=told)
    return message._replace(indexes=changed, media_id=kept.media_id)


def _told(
    act: str,
    articles: Sequence[WechatArticle],
    mailing: Mailing,
    *,
    made_at: int,
    told: Mapping[str, Any],
) -> DraftMessage:
    portal = mailing.portal
    return DraftMessage(
        act,
        tuple(articles),
        made_at=made_at,
        accent=portal.accent,
        name=portal.name,
        told=told,
    )


def marks_of(articles: Sequence[WechatArticle]) -> list[str]:
    """A short mark of each article: it changes with whatever a draft shows of it."""
    return [hashlib.blake2b(repr(astuple(one)).encode(), digest_size=12).hexdigest() for one in articles]


def follow(db: Connection, ended: Sequence[DraftEnded], *, appid: str, now: int, moves: Moves) -> None:
    """Keep what has become of drafts; owe revisions where an article has changed while one was written.

    *moves* takes the counts of the caller's transaction.
    """
    for one in ended:
        act, told = one.answer.get("act"), one.answer.get("told") or {}
        of = {"delivery": one.owed.id, "moment": now}
        if one.failed:
            was_in_box = one.owed.part == 1  # and is so still: only its submission was refused
            failed = statements.NOTE_REFUSAL if was_in_box else statements.FAIL_DRAFT
            db.execute(failed, of | {"why": one.failed[:200]})
        elif act == "add":
            db.execute(statements.KEEP_DRAFT, _row(one, told, appid, now))
            _catch_up(db, one.owed.edition_id, told, now, moves)
        elif act == "update" and one.answer.get("gone"):
            db.execute(statements.LOSE_DRAFT, of | {"delivery": told["draft"], "why": GONE})
        elif act == "update":
            _keep_marks(db, one.owed.edition_id, told, now, moves)
        elif act == "submit":
            db.execute(statements.SUBMIT_DRAFT, of | {"publish": str(one.answer["publish_id"])})
        elif act == "poll" and one.answer.get("publish_status") == 0:
            db.execute(statements.PUBLISH_DRAFT, of | {"shown_at": orjson.dumps(one.answer["addresses"]).decode()})


def _keep_marks(db: Connection, edition_id: int | None, told: Mapping[str, Any], now: int, moves: Moves) -> None:
    """A draft was written anew. Where another worker wrote it too, nobody knows whose text came last: once more."""
    kept = db.execute(statements.DRAFT.with_for_update(), {"delivery": told["draft"]}).one_or_none()
    if kept is None:
        return
    is_sure = orjson.loads(kept.articles) == told["had"]
    marks = told["articles"] if is_sure else [""] * len(told["articles"])
    db.execute(
        statements.REWRITE_DRAFT, {"delivery": told["draft"], "marks": orjson.dumps(marks).decode(), "moment": now}
    )
    if is_sure:
        _catch_up(db, edition_id, told, now, moves)
    else:
        owe_revisions(db, edition_id=edition_id, now=now, moves=moves)


def _row(one: DraftEnded, told: Mapping[str, Any], appid: str, now: int) -> dict[str, Any]:
    return {
        "delivery_id": one.owed.id,
        "appid": appid,
        "endpoint_id": one.owed.endpoint_id,
        "edition_id": one.owed.edition_id,
        "subscription_id": one.owed.subscription_id,
        "media_id": str(one.answer["media_id"]),
        "state": "draft",
        "articles": orjson.dumps(told["articles"]).decode(),
        "made_at": now,
        "state_at": now,
    }


def _catch_up(db: Connection, edition_id: int | None, told: Mapping[str, Any], now: int, moves: Moves) -> None:
    """What was accepted after the draft was read could not know of it, and owed it nothing.

    The articles are locked first: an intake that is under way is waited for, and one that comes behind sees the draft.
    """
    newest = db.execute(statements.NEWEST_OF_EDITION, {"edition": edition_id}).scalars().all()
    if any(number > told["newest"] for number in newest):
        owe_revisions(db, edition_id=edition_id, now=now, moves=moves)
