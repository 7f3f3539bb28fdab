"""Whatever is wrapped around an article, the article comes out the same."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.zonewire.intake.page_texts import a_page
from tests.zonewire.intake.pages.wrapping import Written, pages, saved
from zonewire.articles import Article
from zonewire.intake.moments import read_moment
from zonewire.intake.pages import article_of, decoded, page_of, read_page

CHINESE = st.sampled_from("园区企业开工投产签约产业链新能源汽车服务中心项目建设发展的了在和与上午今年一二三")
SENTENCES = st.builds(
    lambda words, end: "".join(words) + end, st.lists(CHINESE, min_size=14, max_size=80), st.sampled_from("。！")
)
# What an article says of its subject, and looks as if it were said of the article.
LIKE_LABELS = st.sampled_from(
    [
        "三家企业签约",
        "时间：6月8日上午九点",
        "地点：园区会展中心",
        "联系方式：0000-00000000",
        "一、总体情况",
        "来源地共有十二个。",
        "2026年6月8日",
        "申请 > 审核 > 领证",
        "主办单位：园区管委会",
        "下一步，园区将扩建。",
        "相关新闻引起了关注。",
    ]
)


def written(title: list[str], first: str, others: list[str], last: str) -> Written:
    # Each once; a sentence stands last, since 主办单位 in the last line may be the portal's own.
    above = (paragraph for paragraph in dict.fromkeys((first, *others)) if paragraph != last)
    return Written(title="".join(title), paragraphs=(*above, last))


ARTICLES = st.one_of(
    st.just(Written()),
    st.builds(
        written,
        st.lists(CHINESE, min_size=8, max_size=40),
        SENTENCES,
        st.lists(st.one_of(SENTENCES, LIKE_LABELS), max_size=12),
        SENTENCES,
    ),
)


def facts(article: Article) -> dict[str, object]:
    names = ("title", "text", "published_at", "source", "zone", "city", "section")
    return {name: getattr(article, name) for name in names}


@settings(
    max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.data())
def test_whatever_is_wrapped_around_an_article_it_comes_out_the_same(data: st.DataObject) -> None:
    article = data.draw(ARTICLES)
    whole = data.draw(saved(data.draw(pages(article))))
    assert facts(article_of([page_of(decoded(whole))])) == {
        "title": article.title,
        "text": "\n\n".join(article.paragraphs),
        "published_at": read_moment(article.date),
        "source": article.source,
        "zone": article.zone,
        "city": "无锡",
        "section": ("开发区新闻", "文字新闻"),
    }


def test_a_page_as_a_browser_copies_it_gives_the_same_article() -> None:
    assert facts(read_page(a_page()))["text"] == "\n\n".join(Written().paragraphs)
