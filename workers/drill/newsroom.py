"""What the drill publishes: articles, corrections, withdrawals and articles that come back, by chance from a seed.

Every title names the article's number and the version of its text, so that whoever reads one anywhere knows what it is.
"""

import random
import re
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

CITIES = (
    *("泰州", "苏州", "合肥", "青岛", "重庆", "广州", "西安", "长春", "天津", "成都", "南京", "武汉"),
    *("杭州", "宁波", "厦门", "长沙", "郑州", "济南", "沈阳", "大连", "昆明", "贵阳", "南昌", "福州"),
)
SITE = "https://drill.example"
SOURCE = "/drill"
AT_ONCE, MOVES = 0.35, 0.25
"""Of changes, how many are about the article just before, which is still on its way; and how many change its city."""
LOOKED_BACK = 40

TITLE = re.compile(r"演练(\d{4,})第(\d+)版")
"""What of a title says which text it is."""


class Act(Enum):
    """What a portal does."""

    NEW = "articles"
    UPDATE = "corrections"
    WITHDRAW = "withdrawals"
    BRING_BACK = "brought back"


SHARES = {Act.NEW: 0.62, Act.UPDATE: 0.24, Act.WITHDRAW: 0.09, Act.BRING_BACK: 0.05}


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One event, and the version of its article that it makes."""

    number: int  # the article's
    version: int
    text_version: int  # the version whose text this is: of a withdrawn one, of the version before it
    withdrawn: bool = False
    city: str
    zone: str

    @property
    def guid(self) -> str:
        """The article's."""
        return guid_of(self.number)

    @property
    def title(self) -> str:
        """As receivers see it."""
        return f"演练{self.number:04}第{self.text_version}版：{self.city}新项目开工"

    def event(self) -> dict[str, Any]:
        """As a portal sends it."""
        changed = "updated" if self.version > 1 else "published"
        return {
            "specversion": "1.0",
            "id": f"{self.number}-{self.version}",
            "source": SOURCE,
            "type": f"article.{'withdrawn' if self.withdrawn else changed}",
            "datacontenttype": "application/json",
            "data": {"guid": self.guid} if self.withdrawn else self._article(),
        }

    def _article(self) -> dict[str, Any]:
        return {
            "guid": self.guid,
            "url": self.guid,
            "title": self.title,
            "text": f"演练{self.number:04}第{self.text_version}版的正文。项目总投资十二亿元，预计明年投产。",
            "city": self.city,
            "zone": self.zone,
            "section": ["开发区新闻", "文字新闻"],
        }


def guid_of(number: int) -> str:
    """The guid of the article *number*, which is its address too."""
    return f"{SITE}/news/{number:04}"


@dataclass(slots=True)
class Newsroom:
    """Thinks of the next event."""

    chance: random.Random
    zones: int  # among so many the articles are shared out
    _newest: list[News] = field(default_factory=list)  # of each article, by number
    _last: int = 0

    def next(self) -> News:
        """The next event."""
        (act,) = self.chance.choices(list(Act), weights=[SHARES[act] for act in Act])
        wanted = [one for one in self._newest[-LOOKED_BACK:] if one.withdrawn == (act is Act.BRING_BACK)]
        if act is Act.NEW or not wanted:
            return self.new()
        before = self._chosen(wanted)
        after = replace(before, version=before.version + 1, withdrawn=act is Act.WITHDRAW)
        if not after.withdrawn:
            moves = self.chance.random() < MOVES
            city = self.chance.choice(CITIES) if moves else before.city
            after = replace(after, text_version=after.version, city=city)
        self._newest[after.number] = after
        self._last = after.number
        return after

    def new(self, zone: str = "") -> News:
        """A new article, of that zone; of any without one."""
        zone = zone or zone_name(self.chance.randrange(self.zones))
        number, city = len(self._newest), self.chance.choice(CITIES)
        news = News(number=number, version=1, text_version=1, city=city, zone=zone)
        self._newest.append(news)
        self._last = number
        return news

    def _chosen(self, among: list[News]) -> News:
        last = self._newest[self._last]
        return last if last in among and self.chance.random() < AT_ONCE else self.chance.choice(among)


def zone_name(number: int) -> str:
    """What the zone with that number is called."""
    return f"演练第{number + 1}开发区"
