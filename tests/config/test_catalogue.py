"""The file of CATALOGUE."""

from pathlib import Path

import pytest

from config.catalogue import catalogue_of
from config.settings import load
from zonewire import ROOT
from zonewire.errors import SettingWrong
from zonewire.feeds import Catalogue, CatalogueWrong, read_catalogue


def test_the_one_that_is_shipped_says_nothing_yet(tmp_path: Path) -> None:
    assert catalogue_of(load(data_dir=tmp_path)) == Catalogue()


def test_what_it_shows_in_remarks_can_be_taken_as_it_stands() -> None:
    text = (ROOT / "config" / "catalogue.toml").read_text()
    shown = "\n".join(line.removeprefix("# ") if "=" in line or "[[" in line else line for line in text.splitlines())
    catalogue = read_catalogue(shown, where="shipped")

    assert [feed.name for feed in catalogue.declared] == ["chips"]
    assert catalogue.portal.icp


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingWrong, match=r"cannot read .*nowhere\.toml") as caught:
        catalogue_of(load(data_dir=tmp_path, catalogue=tmp_path / "nowhere.toml"))
    assert caught.value.where == "ZONEWIRE_CATALOGUE"


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_bytes('[portal]\nname = "江海"\n'.encode("gb18030"))
    with pytest.raises(SettingWrong, match="is not UTF-8"):
        catalogue_of(load(data_dir=tmp_path, catalogue=path))


def test_faults_name_the_file_and_the_line(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text("[feeds]\nentries = 0\n")
    with pytest.raises(CatalogueWrong, match=r"catalogue\.toml: line 2: entries must be"):
        catalogue_of(load(data_dir=tmp_path, catalogue=path))


@pytest.mark.parametrize(("text", "form"), [("", "digest"), ('[wechat]\nform = "articles"\n', "articles")])
def test_the_form_for_wechat_is_one_digest_unless_said(text: str, form: str) -> None:
    assert read_catalogue(text, where="here").portal.wechat_form == form


def test_another_form_for_wechat_is_named_by_its_line() -> None:
    with pytest.raises(CatalogueWrong, match="line 2: form must be one of digest, articles"):
        read_catalogue('[wechat]\nform = "video"\n', where="here")
