"""The drilled installation knows nothing of the one beside it, and its folder goes or stays as it was asked."""

from pathlib import Path

import pytest

from config.settings import Settings
from workers.drill import keeping
from workers.drill.installation import CATALOGUE, Installation
from workers.drill.plan import SETTINGS
from zonewire.feeds.catalogue import read_catalogue


def test_no_setting_of_ours_leaks_into_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(f"ZONEWIRE_{name.upper()}", "leaked")
        monkeypatch.setenv(f"ZONEWIRE_{name.upper()}_FILE", "/leaked")
    for name in ("HTTP_PROXY", "PGPASSWORD", "ANYTHING"):
        monkeypatch.setenv(name, "leaked")

    environment = Installation(tmp_path, 20_000, {"ZONEWIRE_SMTP_URL": "smtp://x"}, "sqlite:///x").environment

    assert "leaked" not in " ".join(environment.values())
    assert {name for name in environment if name.startswith("ZONEWIRE_")} == {
        *SETTINGS,
        "ZONEWIRE_SMTP_URL",
        "ZONEWIRE_DATA_DIR",
        "ZONEWIRE_CATALOGUE",
    }


def test_its_catalogue_names_no_hub_of_others() -> None:
    assert read_catalogue(CATALOGUE, where="the drill's").hubs == ()


@pytest.mark.parametrize(
    ("verdict", "asked", "place"), [("clean", "", None), ("lost", "", "drill"), ("clean", "kept", "kept")]
)
def test_the_folder_stays_where_something_is_wrong_or_somebody_asked(
    tmp_path: Path, verdict: str, asked: str, place: str | None
) -> None:
    folder, keep = tmp_path / "drill", tmp_path / asked if asked else None
    folder.mkdir()
    (folder / "log").touch()

    kept = keeping.end(folder, keep, is_clean=verdict == "clean")

    assert kept == (str(tmp_path / place) if place else None)
    assert [path.parent.name for path in tmp_path.rglob("log")] == ([place] if place else [])
