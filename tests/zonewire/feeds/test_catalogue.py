"""The catalogue: what it may say, and that each fault is named by its line, all of them at once."""

import pytest

from zonewire.feeds.catalogue import Catalogue, CatalogueWrong, Declared, Place, read_catalogue
from zonewire.filters import Filter

WHOLE = """\
[portal]
name = "江海投资促进网"
english = "Jianghai Investment"
home = "https://portal.example/"
logo = "https://portal.example/logo.png"
accent = "#0B6B5B"
seal = "#B3261E"
language = "zh-CN"
contact = "editor@portal.example"
copyright = "© 2026 江海投资促进网"
icp = "苏ICP备00000000号"

[feeds]
entries = 40
text = "summary"
hubs = ["https://hub.example/"]

[[feed]]
name = "chips"
title = "集成电路"
description = "芯片、封装和材料"
keyword = ["芯片", "集成电路"]
not_city = "苏州"

[[feed]]
name = "in-english"
title = "Taizhou"
language = "en"
entries = 10
text = "full"
city = "泰州"

[[zone]]
name = "泰州港经济开发区"
english = "Taizhou Port Economic Development Zone"

[[city]]
name = "台州"
slug = "taizhou-zhejiang"
"""


def faults(text: str) -> list[str]:
    with pytest.raises(CatalogueWrong) as caught:
        read_catalogue(text, where="config/catalogue.toml")
    assert str(caught.value).startswith("config/catalogue.toml: line ")
    return [str(fault) for fault in caught.value.faults]


def test_a_whole_catalogue() -> None:
    catalogue = read_catalogue(WHOLE, where="here")

    assert catalogue.portal.name == "江海投资促进网"
    assert (catalogue.portal.called("en"), catalogue.portal.called("zh-CN")) == (
        "Jianghai Investment",
        "江海投资促进网",
    )
    assert catalogue.portal.icp == "苏ICP备00000000号"
    assert catalogue.hubs == ("https://hub.example/",)
    assert catalogue.declared == (
        Declared(
            name="chips",
            title="集成电路",
            description="芯片、封装和材料",
            wanted=Filter(keywords=("芯片", "集成电路"), not_cities=("苏州",)),
            entries=40,
            text="summary",
        ),
        Declared(
            name="in-english", title="Taizhou", language="en", entries=10, text="full", wanted=Filter(cities=("泰州",))
        ),
    )
    assert Place(kind="city", name="台州", slug="taizhou-zhejiang") in catalogue.places
    assert (
        catalogue.english_of("zone", "泰州港 经济开发区".replace(" ", "")) == "Taizhou Port Economic Development Zone"
    )
    assert catalogue.english_of("city", "泰州") == ""


def test_an_empty_file_is_the_catalogue_of_who_says_nothing() -> None:
    assert read_catalogue("", where="here") == Catalogue()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[portal]\nname = "a\n', "line 2: "),
        ('[portal]\n\nnmae = "a"\n', "line 3: [portal] has no nmae; it may have accent, contact"),
        ("[portal]\nname = 7\n", "line 2: name must be one line of text"),
        ('[portal]\nhome = "portal.example"\n', "line 2: home must be an http or https address, and is 'portal"),
        ('[portal]\naccent = "green"\n', "line 2: accent must be a colour such as #0B6B5B"),
        ('[portal]\ncontact = "us"\n', "line 2: contact must be an email address"),
        ('[portal]\nlanguage = "de"\n', "line 2: language must be one of zh-CN, en"),
        ("[feeds]\nentries = 0\n", "line 2: entries must be a whole number from 1 to 500"),
        ("[feeds]\nentries = true\n", "line 2: entries must be a whole number"),
        ('[feeds]\ntext = "half"\n', "line 2: text must be one of full, summary"),
        ('[feeds]\nhubs = ["hub"]\n', "line 2: a hub must be an http or https address"),
        ('[feed]\nname = "a"\n', "line 1: each feed stands under a [[feed]] of its own"),
        ('[[portal]]\nname = "a"\n', "line 1: portal must be one table: [portal]"),
        ('[[feed]]\nname = "a"\n', "line 1: [feed] needs a title"),
        ('[[feed]]\ntitle = "a"\n', "line 1: [feed] needs a name"),
        ('[[feed]]\nname = "zone"\ntitle = "a"\n', "line 2: name must be of a-z, 0-9 and single hyphens, and none"),
        ('[[feed]]\nname = "Chips!"\ntitle = "a"\n', "line 2: name must be of a-z"),
        ('[[feed]]\nname = "a"\ntitle = "b"\ncity = [1]\n', "line 4: city must be a text, or a list of texts"),
        ('[[zone]]\nname = "a"\nslug = "A B"\n', "line 3: slug must be of a-z"),
        ('[colours]\naccent = "#000000"\n', "line 1: there is no 'colours' in a catalogue; it may have city, feed"),
        ('name = "a"\n', "line 1: there is no 'name' in a catalogue"),
    ],
)
def test_a_fault_is_named_by_its_line(text: str, said: str) -> None:
    (fault,) = faults(text)

    assert fault.startswith(said)


def test_what_may_be_there_once_is_told_with_the_line_of_the_other() -> None:
    feed = '[[feed]]\nname = "a"\ntitle = "b"\n'
    city = '[[city]]\nname = "泰州"\nslug = "{slug}"\n'
    assert faults(feed + feed) == ["line 5: name 'a' is taken already, by line 2"]
    assert faults(city.format(slug="x") + city.format(slug="y")) == ["line 5: name '泰州' is taken already, by line 2"]
    assert faults(city.format(slug="x") + city.format(slug="x").replace("泰", "台")) == [
        "line 6: slug 'x' is taken already, by line 3"
    ]


def test_all_faults_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = '[portal]\nhome = "x"\n[feeds]\nentries = 0\n[[feed]]\nname = "?"\n'

    assert [fault.split(":")[0] for fault in faults(text)] == ["line 2", "line 4", "line 5", "line 6"]
