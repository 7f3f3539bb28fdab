"""Digests: windows cut by acceptance, editions that many subscriptions share, and their words for mail and WeChat.

`cut_due` makes what is owed; `digest_messages` builds the mails of what was claimed. Stands beside the channels;
may use feeds, subscriptions, delivery, filters, articles, keys, rendering and the store.
"""

from zonewire.digests.coming import Audience, Coming, Hour, coming, next_hours, overdue
from zonewire.digests.contents import named_in
from zonewire.digests.editions import Cut, cut_due
from zonewire.digests.left_out import count_left_out
from zonewire.digests.listing import ListedEdition, list_editions, listed_edition
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
    "Audience",
    "Coming",
    "Cut",
    "Edition",
    "EditionPage",
    "Hour",
    "ListedEdition",
    "LookBack",
    "Occasion",
    "Preview",
    "WechatArticle",
    "article_of",
    "articles_of",
    "coming",
    "count_left_out",
    "cut_due",
    "digest_messages",
    "digests_sent",
    "edition_page",
    "list_editions",
    "listed_edition",
    "look_back",
    "meta_line",
    "named_in",
    "news_messages",
    "news_sent",
    "next_hours",
    "overdue",
    "preview",
    "render_edition",
    "sample_edition",
    "summary_of",
    "with_pictures",
]
