"""A wrong setting stops a process with one line that names it; what is missing comes from files and made secrets."""

from pathlib import Path

import pytest

from config.settings import SECRETS_FILE, load
from zonewire.errors import SettingWrong


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RETRY_SCHEDULE", "5,soon"),
        ("MAIL_FROM", "nonsense"),
        ("EVENT_SECRET", "short"),
        ("REDIS_URL", "http://127.0.0.1"),
        ("BASE_URL", "news.example.com"),
        ("SMTP_URL", "http://mail.example.com"),
        ("HTTP_TIMEOUT", "0"),
        ("FEED_WINDOW", "-1"),
        ("RETENTION_DAYS", "many"),
        ("ALLOW_PRIVATE_ENDPOINTS", "perhaps"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_should_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"ZONEWIRE_{name}", value)

    with pytest.raises(SettingWrong) as caught:
        load()

    assert caught.value.where == f"ZONEWIRE_{name}"
    assert "\n" not in caught.value.what


def test_a_secret_can_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\n")
    monkeypatch.setenv("ZONEWIRE_EVENT_TOKEN_FILE", str(tmp_path / "token"))

    token = load(data_dir=tmp_path).event_token

    assert token is not None
    assert token.get_secret_value() == "from a file"


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ZONEWIRE_EVENT_TOKEN_FILE", str(tmp_path / "none"))

    with pytest.raises(SettingWrong, match="EVENT_TOKEN_FILE"):
        load(data_dir=tmp_path)


def test_a_file_with_nothing_in_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(" \n")
    monkeypatch.setenv("ZONEWIRE_METRICS_TOKEN_FILE", str(tmp_path / "token"))

    with pytest.raises(SettingWrong, match="there is nothing in") as caught:
        load(data_dir=tmp_path)

    assert caught.value.where == "ZONEWIRE_METRICS_TOKEN_FILE"


def test_a_made_secret_that_is_empty_counts_as_unset(tmp_path: Path) -> None:
    (tmp_path / SECRETS_FILE).write_text("ZONEWIRE_METRICS_TOKEN=\nZONEWIRE_ADMIN_TOKEN=made\n")

    settings = load(data_dir=tmp_path)

    assert (settings.metrics_token is None, settings.admin_token is None) == (True, False)


@pytest.mark.parametrize(
    ("given", "redis"),
    [
        ("redis+socket:///run/redis.sock?virtual_host=2", "unix:///run/redis.sock?db=2"),
        ("redis+socket:///run/redis.sock", "unix:///run/redis.sock?"),
        ("unix:///run/redis.sock?db=2", "unix:///run/redis.sock?db=2"),
        ("rediss://:word@redis.example/1", "rediss://:word@redis.example/1"),
    ],
)
def test_an_address_of_redis_in_the_brokers_form_is_put_into_redis_pys(tmp_path: Path, given: str, redis: str) -> None:
    assert load(data_dir=tmp_path, redis_url=given).redis == redis


def test_the_environment_goes_before_secrets_that_were_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / SECRETS_FILE).write_text("ZONEWIRE_EVENT_TOKEN=made\nZONEWIRE_ADMIN_TOKEN=made\n")
    monkeypatch.setenv("ZONEWIRE_EVENT_TOKEN", "given")

    settings = load(data_dir=tmp_path)

    assert settings.event_token is not None
    assert settings.admin_token is not None
    assert (settings.event_token.get_secret_value(), settings.admin_token.get_secret_value()) == ("given", "made")


def test_a_secrets_file_that_cannot_be_read_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").mkdir()  # root may read whatever is a file
    with pytest.raises(SettingWrong, match=r"secrets\.env cannot be read: Is a directory") as caught:
        load(data_dir=tmp_path)
    assert caught.value.where == "ZONEWIRE_DATA_DIR"
