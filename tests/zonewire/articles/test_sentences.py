"""Where sentences end."""

import pytest

from zonewire.articles.sentences import open_marks, sentence_ends


@pytest.mark.parametrize(
    "sentences",
    [
        ["项目开工了。", "明年投产！", "够快吗？", "够快……", "再说。"],
        ["他说：“项目好。我们满意。”", "大家鼓掌。"],
        ["他问：“好吗？”，李明说好。", "大家鼓掌。"],
        ["（本文有删改。）", "项目开工了。"],
        ["见《某某的办法。试行》一书。", "书不长。"],
        ["他说：“《一号。方案》（试行。）很好。”", "大家鼓掌。"],
        ["占地5.5公顷；投资12.5亿元。", "明年投产。"],
        ["好!", "快吗?", "快。"],
        ["与 Acme Co., Ltd. 签约。", "明年投产。"],
        ["Work began.", " It ends in 2027.", " 40 firms came!", " Why?", " “Land,” he said."],
        ["“It is done.”", " “We go on.”", " He left."],
        ["He said “It is done. We go on,” and left.", " She stayed."],
        ['He said "It is done. We go on," and left.', " She stayed."],
        ["China’s park (opened in May. It is big) grew.", " It is full."],
        ["The U.S. Embassy and Acme Co., Ltd. of St. Louis met Dr. J. K. Li at 5 p.m. Monday.", " They agreed."],
        ["Prof. Li came on Jan. 5 with No. 3, i.e. Mr. Wang, e.g. vs. Inc. Magazine.", " He left."],
        ["It grew by 3.5 percent.", " The rest did not."],
        ["1. Land is cheap.", " 2027 is near."],
        ["They paid.", " $3 million came."],
        ["It is so… and so on.", " He left."],
        ['A pipe of 5" was laid.', " It holds."],
    ],
)  # fmt: skip
def test_a_text_is_parted_into_its_sentences(sentences: list[str]) -> None:
    text = "".join(sentences)
    ends = list(sentence_ends(text))

    assert [text[start:end] for start, end in zip([0, *ends], ends, strict=False)] == sentences


@pytest.mark.parametrize(
    "text", ["", "没有句号，", "“没有说完。后面还有。", "zone.example/a.b", "see below. and so on", "5.5"]
)
def test_where_nothing_ends_there_is_no_end(text: str) -> None:
    assert list(sentence_ends(text)) == []


def test_open_marks_are_found_from_the_outside_in() -> None:
    assert open_marks("“《办法》（试", 0, 7, []) == [0, 5]
    assert open_marks("’”》China’s", 0, 10, []) == []
    assert open_marks("（“不成对）后", 0, 7, []) == []
