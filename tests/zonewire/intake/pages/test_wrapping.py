"""Whatever is wrapped around an article, the article comes out the same."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.zonewire.intake.page_texts import a_page
from tests.zonewire.intake.pages.wrapping import Written, pages
from zonewire.articles import Article
from zonewire.intake.moments import read_moment
from zonewire.intake.pages import read_page

CHINESE = st.sampled_from("园区企业开工投产签约产业链新能源汽车服务中心项目建设发展的了在和与上午今年一二三")
SENTENCES = st.builds(
    lambda words, end: "".join(words) + end, st.lists(CHINESE, min_size=14, max_size=80), st.sampled_from("。！")
)
ARTICLES = st.one_of(
    st.just(Written()),
    st.builds(
        lambda title, paragraphs: Written(title="".join(title), paragraphs=tuple(paragraphs)),
        st.lists(CHINESE, min_size=8, max_size=40),
        st.lists(SENTENCES, min_size=1, max_size=12, unique=True),
    ),
)


def facts(article: Article) -> dict[str, object]:
    names = ("title", "text", "published_at", "source", "zone", "city", "section")
    return {name: getattr(article, name) for name in names}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_whatever_is_wrapped_around_an_article_it_comes_out_the_same(data: st.DataObject) -> None:
    written = data.draw(ARTICLES)
    page = data.draw(pages(written))
    assert facts(read_page(page)) == {
        "title": written.title,
        "text": "\n\n".join(written.paragraphs),
        "published_at": read_moment(written.date),
        "source": written.source,
        "zone": written.zone,
        "city": "无锡",
        "section": ("开发区新闻", "文字新闻"),
    }


def test_a_page_as_a_browser_copies_it_gives_the_same_article() -> None:
    assert facts(read_page(a_page()))["text"] == "\n\n".join(Written().paragraphs)
