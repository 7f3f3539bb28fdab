"""Digests: windows cut by acceptance, editions that many subscriptions share, and their words for mail and WeChat.

`cut_due` makes what is owed; `digest_messages` builds the mails of what was claimed. Stands beside the channels;
may use feeds, subscriptions, delivery, filters, articles, keys, rendering and the store.
"""

from zonewire.digests.editions import Cut, cut_due
from zonewire.digests.left_out import count_left_out
from zonewire.digests.messages import digest_messages
from zonewire.digests.news import news_messages
from zonewire.digests.preview import Preview, preview
from zonewire.digests.rendering import Edition, EditionPage, edition_page, meta_line, render_edition, summary_of

__all__ = [
    "Cut",
    "Edition",
    "EditionPage",
    "Preview",
    "count_left_out",
    "cut_due",
    "digest_messages",
    "edition_page",
    "meta_line",
    "news_messages",
    "preview",
    "render_edition",
    "summary_of",
]
