"""An edition for a WeChat Official Account (公众号): one long digest, or a message of up to eight articles.

The content is what the editor of mp.weixin.qq.com keeps, pasted or sent by API: few tags, inline styles, hex colours,
links as numbered addresses. Nothing here has a socket: whoever sends an article puts WeChat's own addresses in place of
its pictures (`with_pictures`).
"""

from zonewire.digests.wechat.article import AUTHOR_CHARS, CONTENT_CHARS, DIGEST_CHARS, TITLE_CHARS, WechatArticle
from zonewire.digests.wechat.figures import QR, with_pictures
from zonewire.digests.wechat.writing import withdrawn_article, write_article, write_articles

__all__ = [
    "AUTHOR_CHARS",
    "CONTENT_CHARS",
    "DIGEST_CHARS",
    "QR",
    "TITLE_CHARS",
    "WechatArticle",
    "with_pictures",
    "withdrawn_article",
    "write_article",
    "write_articles",
]
