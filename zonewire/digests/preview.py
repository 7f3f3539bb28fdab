"""What a subscription's next digest would hold if it were cut now. Writes nothing."""

from dataclasses import dataclass

from sqlalchemy import Connection

from zonewire.delivery.mailing import MANAGE, UNSUBSCRIBE, Mailing
from zonewire.digests import statements
from zonewire.digests.left_out import can_be_counted, skipped_by_pause
from zonewire.digests.rendering import Edition, Occasion, render_contents, skipped_in_words
from zonewire.digests.windows import Windows, carried_before, filters_of, has_story
from zonewire.errors import WrongUsage
from zonewire.rendering.translation import words
from zonewire.subscriptions.names import not_there, shown_id

SAMPLE_LINKS = {UNSUBSCRIBE: "unsubscribe/…", MANAGE: "manage/…"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The next digest. `sentence` says why there is none, where there is none."""

    edition: Edition | None
    sentence: str
    base_url: str

    @property
    def html(self) -> str:
        """The mail's HTML part; every reader's own link is shown as it begins."""
        return self._filled(self.edition.html) if self.edition else self.sentence + "\n"

    @property
    def text(self) -> str:
        """The mail's plain part, its subject above it."""
        return f"{self.edition.subject}\n\n{self._filled(self.edition.text)}" if self.edition else self.sentence + "\n"

    @property
    def wechat(self) -> str:
        """The digest for WeChat."""
        return self.edition.article().shown_here if self.edition else self.sentence + "\n"

    def subject(self, form: str) -> str:
        """What stands above it: the mail's subject, or the title of WeChat's form; "" where there is none."""
        if self.edition is None:
            return ""
        return self.edition.article().title if form == "wechat" else self.edition.subject

    def _filled(self, text: str) -> str:
        assert self.edition is not None  # noqa: S101 - both callers have just looked
        for slot, link in SAMPLE_LINKS.items():
            text = text.replace(self.edition.slots.mark(slot), f"{self.base_url}/{link}")
        return text


def preview(db: Connection, subscription_id: int, *, mailing: Mailing, now: int) -> Preview:
    """The digest of *subscription_id* if its window closed now. Raises NotFound, and WrongUsage for an instant one."""
    row = db.execute(statements.SUBSCRIPTION, {"id": subscription_id}).one_or_none()
    if row is None:
        raise not_there(shown_id(subscription_id))
    if row.cadence == "instant":
        raise WrongUsage(f"{shown_id(subscription_id)} is instant: it has no digest", where="--subscription")
    windows = Windows(int(db.execute(statements.NEWEST_NUMBER).scalar_one()))
    looked_at = row.skipped_after if can_be_counted(windows, row.skipped_after) else row.window_after
    windows.open(db, after=looked_at)
    updates = windows.updates(after=looked_at)
    had = carried_before(db, updates=updates, filter_ids=filters_of([row]), subscription_ids=[row.id])
    contents = windows.contents(filter_id=row.filter_id, after=row.window_after, had=had.get(row.id, frozenset()))
    t = words(row.locale)
    skipped = skipped_by_pause(windows, row, had=had.get(row.id, frozenset()))
    occasion = Occasion(
        filter_id=row.filter_id,
        locale=row.locale,
        template=row.template,
        made_at=now,
        base_url=mailing.base_url,
        portal=mailing.portal,
        sender=mailing.sender,
        skipped=skipped_in_words(skipped, t),
    )
    edition = render_contents(db, contents, occasion) if has_story(contents) else None
    if row.next_at is None:
        sentence = t("digest.not_active", state=t(f"states.{row.state}"))
    else:
        sentence = t("digest.nothing_yet", when=t.date(row.next_at, timezone=row.timezone, style="moment"))
    return Preview(edition=edition, sentence=sentence, base_url=mailing.base_url)
