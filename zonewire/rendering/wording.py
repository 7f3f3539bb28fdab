"""Facts in a reader's words: what a filter asks for."""

from collections.abc import Mapping, Sequence

from zonewire.rendering.translation import Words


def filter_in_short(options: Mapping[str, Sequence[str]], t: Words) -> str:
    """The same for a line at the head of a letter: 泰州、苏州 · 汽车 · 不含南通."""
    and_, phrases = t("common.and"), []
    for dimension, values in options.items():
        if values:
            without = t("dimensions.without") if dimension.startswith("not_") else ""
            phrases.append(without + and_.join(values))
    return " · ".join(phrases) or t("digest.everything")


def filter_in_words(options: Mapping[str, Sequence[str]], t: Words) -> str:
    """*options* (values by dimension, as they were written) as a phrase: 城市：泰州、苏州；关键词：汽车."""
    phrases = [
        t(f"dimensions.{dimension}") + t("common.colon") + t("common.and").join(values)
        for dimension, values in options.items()
        if values
    ]
    return t("common.also").join(phrases) or t("digest.everything")
