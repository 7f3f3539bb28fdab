"""What `zonewire doctor` finds, on real parts that are well and that are not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.servers.mailbox import running_mailbox
from tests.servers.ports import free_port
from tests.servers.redis import RedisServer, running_redis
from tests.servers.smtp import running_smtp
from workers.doctor import examine
from workers.doctor.findings import Finding, Result

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONEWIRE_DATABASE_URL", database_url)
    monkeypatch.setenv("ZONEWIRE_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir(mode=0o755)


@pytest.fixture
def evicting(redis_server: RedisServer) -> Iterator[RedisServer]:
    client = redis.Redis.from_url(redis_server.url)
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.config_set("maxmemory", "100mb")
    yield redis_server
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", "0")
    client.close()


def found(check: str) -> Finding:
    return next(finding for finding in examine() if finding.check == check)


def test_a_redis_that_evicts_is_found(evicting: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONEWIRE_REDIS_URL", evicting.url)
    assert found("broker").result is Result.FAIL
    assert "evicts keys when it is full (maxmemory-policy allkeys-lru)" in found("broker").found


def test_a_redis_that_is_well_and_one_that_is_not_there(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZONEWIRE_REDIS_URL", redis_server.url)
    assert found("broker").result is Result.OK
    assert {finding.found for finding in examine() if finding.check == "clock"} >= {"agrees with the broker's"}
    monkeypatch.setenv("ZONEWIRE_REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    assert found("broker").result is Result.FAIL


def test_a_broker_of_its_own_is_looked_at_beside_redis(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZONEWIRE_REDIS_URL", redis_server.url)
    monkeypatch.setenv("ZONEWIRE_BROKER_URL", f"redis://:secret@127.0.0.1:{free_port()}/0")
    assert (found("redis").result, found("broker").result) == (Result.OK, Result.FAIL)
    assert "does not answer: Error 111" in found("broker").found
    assert "secret" not in found("broker").found
    monkeypatch.setenv("ZONEWIRE_BROKER_URL", redis_server.url.replace("/0", "/1"))
    assert (found("broker").result, "evicts nothing" in found("broker").found) == (Result.OK, True)


def test_a_broker_of_its_own_that_evicts_is_found(evicting: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONEWIRE_BROKER_URL", evicting.url)
    assert "the embedded Redis does not run" in found("redis").found
    assert "evicts keys when it is full" in found("broker").found


def test_a_redis_on_a_socket_is_looked_at_by_either_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_redis() as server:
        for variable in ("REDIS_URL", "BROKER_URL"):
            monkeypatch.setenv(f"ZONEWIRE_{variable}", server.broker_url)
            assert server.broker_url.startswith("redis+socket://")
            assert (found("broker").result, "evicts nothing" in found("broker").found) == (Result.OK, True)
            monkeypatch.delenv(f"ZONEWIRE_{variable}")


@pytest.mark.parametrize("variable", ["REDIS_URL", "BROKER_URL"])
@pytest.mark.parametrize(
    ("address", "said"), [("amqp://127.0.0.1:{}//", "refused"), ("sentinel://127.0.0.1:{}/0", "'master_name'")]
)
def test_other_brokers_are_looked_at_as_celery_reaches_them(
    monkeypatch: pytest.MonkeyPatch, variable: str, address: str, said: str
) -> None:
    monkeypatch.setenv(f"ZONEWIRE_{variable}", address.format(free_port()))
    assert (found("broker").result, said in found("broker").found) == (Result.FAIL, True)
    assert found("redis").result is (Result.WARN if variable == "BROKER_URL" else Result.FAIL)
    assert not [finding for finding in examine() if "cannot be checked" in finding.found]


def test_a_relay_is_reached_without_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_mailbox() as mailbox:
        monkeypatch.setenv("ZONEWIRE_SMTP_URL", mailbox.url)
        assert found("smtp").result is Result.OK
        monkeypatch.setenv("ZONEWIRE_SMTP_URL", mailbox.url.replace("smtp://", "smtp+starttls://"))
        assert found("smtp").result is Result.FAIL
        assert mailbox.mails() == []
    assert "connection refused" in found("smtp").found
    assert "ZONEWIRE_SMTP_URL" in found("smtp").mend


def test_a_relay_that_refuses_our_mails_is_found_with_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_smtp() as relay:
        relay.sender_reply = "554 5.7.1 Client host blocked"
        monkeypatch.setenv("ZONEWIRE_SMTP_URL", relay.url)
        one = found("smtp")
    assert (one.result, "554 5.7.1 Client host blocked" in one.found) == (Result.FAIL, True)
    assert "ask whoever runs it" in one.mend


def test_a_sender_of_nowhere_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_mailbox() as mailbox:
        monkeypatch.setenv("ZONEWIRE_SMTP_URL", mailbox.url)
        findings = [one for one in examine() if one.check == "smtp"]
        assert [one.result for one in findings] == [Result.OK, Result.WARN]
        assert findings[1].found.startswith("mails come from localhost, which is no domain of the internet")
        monkeypatch.setenv("ZONEWIRE_MAIL_FROM", "News <news@portal.cn>")
        assert len([one for one in examine() if one.check == "smtp"]) == 1


def test_keys_that_others_may_read_are_found(tmp_path: Path) -> None:
    secrets = tmp_path / "data" / "secrets.env"
    secrets.touch(mode=0o600)
    assert found("files").result is Result.OK
    secrets.chmod(0o644)
    assert (found("files").result, found("files").mend) == (Result.FAIL, f"chmod 600 {secrets}")


def test_every_file_of_the_database_and_the_mails_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    monkeypatch.setenv("ZONEWIRE_DATABASE_URL", f"sqlite:///{data / 'other.db'}")
    (data / "other.db").touch(mode=0o600)
    for name in ("other.db-wal", "other.db-shm"):
        (data / name).touch(mode=0o644)
    (data / "outbox").mkdir(mode=0o755)
    assert found("files").mend == f"chmod 600 {data}/other.db-wal {data}/other.db-shm; chmod 700 {data}/outbox"
    data.chmod(0o700)
    assert found("files").result is Result.OK


def test_a_database_that_is_not_there_yet_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "missing" / "z.db"
    monkeypatch.setenv("ZONEWIRE_DATABASE_URL", f"sqlite:///{missing}")
    assert found("database")[1:3] == (Result.WARN, f"{missing} is not there yet")
    list(examine())
    assert not missing.parent.exists()


def test_a_wrong_setting_is_named_and_nothing_else_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONEWIRE_HTTP_TIMEOUT", "soon")
    (finding,) = examine()
    assert (finding.check, finding.result) == ("settings", Result.FAIL)
    assert finding.found.startswith("ZONEWIRE_HTTP_TIMEOUT: ")


def test_a_base_url_where_somebody_else_answers_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONEWIRE_BASE_URL", f"http://127.0.0.1:{free_port()}")
    assert found("web").result is Result.WARN
    assert "leads nowhere from elsewhere" in found("base url").found


def test_each_fault_of_the_catalogue_is_found_by_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text('[portal]\nname = "江海"\nhome = "x"\n[feeds]\nentries = 0\n')
    monkeypatch.setenv("ZONEWIRE_CATALOGUE", str(path))
    faults = [one for one in examine() if one.check == "catalogue"]
    assert [one.found.split(", ")[1].split(":")[0] for one in faults] == ["line 3", "line 5"]
    path.write_text('[portal]\nname = "江海"\n')
    assert (found("catalogue").result, found("catalogue").found[:2]) == (Result.OK, "江海")
    path.write_text('[portal]\naccent = "#FFD700"\nseal = "#B3261E"\n')
    assert (found("catalogue").result, "accent can hardly" in found("catalogue").found) == (Result.WARN, True)
