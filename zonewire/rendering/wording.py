"""Facts in a reader's words: what a filter asks for."""

from collections.abc import Mapping, Sequence

from zonewire.rendering.translation import Words


def filter_in_words(options: Mapping[str, Sequence[str]], t: Words) -> str:
    """*options* (values by dimension, as they were written) as a phrase: 城市：泰州、苏州；关键词：汽车."""
    phrases = [
        t(f"dimensions.{dimension}") + t("common.colon") + t("common.and").join(values)
        for dimension, values in options.items()
        if values
    ]
    return t("common.also").join(phrases) or t("digest.everything")
