"""Portal pages: whatever a browser saved or copied, read as one article, or refused with a reason.

`page_of` tells text from HTML and reads either as lines; `article_of` finds the article in them. `decoded` comes before
both, `chained` finds pages that are one article.
"""

from zonewire.articles.model import Article
from zonewire.intake.pages.chaining import chained, goes_on_at
from zonewire.intake.pages.decoding import decoded
from zonewire.intake.pages.markup import looks_like_markup, markup_page
from zonewire.intake.pages.page import Page, text_page
from zonewire.intake.pages.reading import article_of, made_guid

__all__ = ["Page", "article_of", "chained", "decoded", "goes_on_at", "made_guid", "page_of", "read_page"]


def page_of(text: str) -> Page:
    """The page in *text*, which is HTML or what a browser shows of it."""
    return markup_page(text) if looks_like_markup(text) else text_page(text)


def read_page(text: str, *, guid: str = "", url: str = "") -> Article:
    """The article on one page. See `article_of`."""
    return article_of([page_of(text)], guid=guid, url=url)
