"""Articles for the benchmarks of feeds: as long as a portal's, no two alike, and spread over so many feeds.

A round is one article for each feed of a shelf: `Layout.feeds` feeds stand on `places` shelves (zones, cities, and
sections of several depths), and each round gives every feed one article and every article one feed of each shelf. The
shelves are shifted against each other from round to round, so that no two feeds carry the same articles.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.builders import an_article
from zonewire.articles.model import Article

PARAGRAPHS = 4
SENTENCES = 2  # in a paragraph
_WHO = (
    "开发区管委会",
    "市商务局",
    "项目建设单位",
    "产业园运营公司",
    "园区企业服务中心",
    "省级主管部门",
    "首批入驻企业",
)
_DID = (
    "召开现场推进会",
    "发布年度投资指南",
    "完成主体结构封顶",
    "签订战略合作协议",
    "开通一站式办理窗口",
    "公布重点任务",
)
_WHAT = (
    "新能源汽车零部件",
    "生物医药中试平台",
    "冷链物流枢纽",
    "集成电路封测",
    "高端装备制造",
    "跨境电子商务",
    "氢能储运",
)
_HOW = ("同比增长明显", "较计划提前完成", "覆盖上下游企业", "将于年内投入使用", "已纳入重点项目库", "带动本地就业")


@dataclass(frozen=True, slots=True)
class Layout:
    """How many feeds there are, and how they share the articles."""

    shelf: int  # feeds on a shelf, and so articles in a round
    places: int  # shelves, and so feeds that carry an article, beside that of everything

    @property
    def feeds(self) -> int:
        """Feeds, without that of everything, which carries whatever comes."""
        return self.shelf * self.places

    def places_of(self, article: int, in_round: int) -> list[int]:
        """For each shelf, which of its feeds carries that article of that round."""
        return [(article + in_round * (shelf + 1)) % self.shelf for shelf in range(self.places)]

    def round(self, number: int, chance: random.Random) -> Iterator[Article]:
        """The articles of a round."""
        for article in range(self.shelf):
            zone, city, *sections = self.places_of(article, number)
            names = tuple(f"第{depth}栏{place}组" for depth, place in enumerate(sections, 1))
            yield a_news_article(chance, zone=f"第{zone}产业园", city=f"第{city}市", section=names)


def a_news_article(chance: random.Random, **over: object) -> Article:
    """An article of about 450 characters; *over* as `an_article` takes it."""
    paragraphs = ["".join(_sentence(chance) for _ in range(SENTENCES)) for _ in range(PARAGRAPHS)]
    html = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    title = f"{chance.choice(_WHO)}{chance.choice(_DID)}：{chance.choice(_WHAT)}项目第{chance.randrange(10_000)}期"
    return an_article(**({"title": title, "html": html, "text": "\n\n".join(paragraphs)} | over))


def _sentence(chance: random.Random) -> str:
    who, did, what, how = (chance.choice(some) for some in (_WHO, _DID, _WHAT, _HOW))
    share, sum_of = chance.randrange(100, 400) / 10, chance.randrange(10, 9_000)
    return f"{who}{did}，{what}项目总投资{sum_of}万元，占全年任务的{share}%，{how}。"
