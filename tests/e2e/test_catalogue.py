"""A portal's own catalogue, from the file to what its readers see."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import feedparser
import pytest

from tests.builders import an_article
from tests.e2e.installation import Installation, an_installation
from tests.eventually import eventually

pytestmark = pytest.mark.slow  # starts an installation of its own, or several

CATALOGUE = """
[portal]
name = "江海投资促进网"
english = "Jianghai Investment"
home = "https://portal.example/"
accent = "#123456"
copyright = "© 2026 江海"
icp = "苏ICP备00000000号"

[[feed]]
name = "chips"
title = "集成电路"
keyword = "芯片"

[[city]]
name = "泰州"
english = "Taizhou"
"""


def in_feed(installation: Installation, name: str) -> list[str]:
    answer = installation.get(f"/feeds/{name}.atom")
    return [entry.title for entry in feedparser.parse(answer.content).entries] if answer.ok else []


def test_a_declared_feed_the_portals_name_and_its_colours(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text(CATALOGUE)
    with an_installation(tmp_path / "data", catalogue=str(path)) as installation:
        installation.up()
        eventually(lambda: installation.get("/feeds/chips.rss").ok, within_s=5)
        chips, port = an_article(title="芯片厂开工", city="泰州"), an_article(title="码头开港")
        installation.publish([chips, port])
        eventually(lambda: in_feed(installation, "chips") == [chips.title], within_s=5)
        eventually(lambda: port.title in in_feed(installation, "all"), within_s=5)
        page = installation.get("/feeds/", headers={"Accept-Language": "en"}).text
        for words in ("Jianghai Investment", "Topics", "集成电路", "Taizhou", "© 2026 江海", "苏ICP备00000000号"):
            assert words in page
        assert "--accent:#123456" in installation.get("/portal.css").text
        made = installation.subscribe("email", "li@mail.example")
        assert made["state"] == "unconfirmed"
        mails = eventually(lambda: list((tmp_path / "data" / "outbox").glob("*.eml")), within_s=10)
        mail = message_from_bytes(mails[0].read_bytes(), policy=default)
        assert "江海投资促进网" in mail["Subject"]


def test_nothing_starts_with_a_fault_in_it(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text("[feeds]\nentries = 0\n")
    with an_installation(tmp_path / "data", catalogue=str(path)) as installation:
        for command in (("up",), ("worker", "--lanes", "feeds"), ("web",)):
            done = installation.cli(*command, check=False)
            assert done.returncode == 2
            assert f"{path}: line 2: entries must be a whole number from 1 to 500" in done.stderr
