"""Digests: windows cut by acceptance, editions that many subscriptions share, and their words for mail and WeChat.

`cut_due` makes what is owed; `digest_messages` builds the mails of what was claimed. Stands beside the channels;
may use feeds, subscriptions, delivery, filters, articles, keys, rendering and the store.
"""

from zonewire.digests.contents import named_in
from zonewire.digests.editions import Cut, cut_due
from zonewire.digests.left_out import count_left_out
from zonewire.digests.looking_back import LookBack, look_back, sample_edition
from zonewire.digests.messages import digest_messages
from zonewire.digests.news import news_messages
from zonewire.digests.preview import Preview, preview
from zonewire.digests.rendering import (
    Edition,
    EditionPage,
    Occasion,
    article_of,
    articles_of,
    edition_page,
    render_edition,
)
from zonewire.digests.sent import digests_sent, news_sent
from zonewire.digests.wechat import AUTHOR_CHARS, DIGEST_CHARS, QR, TITLE_CHARS, WechatArticle, with_pictures
from zonewire.digests.wording import meta_line, summary_of

__all__ = [
    "AUTHOR_CHARS",
    "DIGEST_CHARS",
    "QR",
    "TITLE_CHARS",
    "Cut",
    "Edition",
    "EditionPage",
    "LookBack",
    "Occasion",
    "Preview",
    "WechatArticle",
    "article_of",
    "articles_of",
    "count_left_out",
    "cut_due",
    "digest_messages",
    "digests_sent",
    "edition_page",
    "look_back",
    "meta_line",
    "named_in",
    "news_messages",
    "news_sent",
    "preview",
    "render_edition",
    "sample_edition",
    "summary_of",
    "with_pictures",
]
