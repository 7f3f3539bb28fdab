"""The one command before the first `docker compose up`, as docs/operators/install.md prints it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from config.settings import PREFIX, load
from tests.test_compose import COMPOSE
from tests.test_docs import examples
from zonewire import ROOT
from zonewire.keys import secret_bytes

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="needs the Debian package openssl")

PREPARE = ROOT / "config/deploy/prepare.sh"


def prepare(folder: Path, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    return subprocess.run(
        ["sh", str(PREPARE), *words],
        cwd=folder,
        env=path | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_of_the_install_page_makes_secrets_that_we_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = examples("docs/operators/install.md", "sh")[0]
    assert "config/deploy/prepare.sh" in command
    subprocess.run(["sh", "-euc", command.replace("config/deploy/", f"{PREPARE.parent}/")], cwd=tmp_path, check=True)
    for name in COMPOSE["services"]["web"]["secrets"]:
        monkeypatch.setenv(f"{PREFIX}{name.upper()}_FILE", str(tmp_path / "secrets" / name))

    settings = load(data_dir=tmp_path)

    assert settings.database.startswith("postgresql://zonewire:")
    assert settings.event_secret
    assert secret_bytes(settings.event_secret.get_secret_value())
    assert len((tmp_path / "secrets/secret_key").read_text()) == 64


def test_a_container_may_read_each_file_and_another_user_of_the_machine_none(tmp_path: Path) -> None:
    assert prepare(tmp_path).returncode == 0

    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    for path in (tmp_path / "secrets").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path


def test_what_is_there_is_never_changed(tmp_path: Path) -> None:
    prepare(tmp_path, "minimal")
    (tmp_path / "secrets/smtp_url").write_text("smtps://mail.example.com")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    again = prepare(tmp_path, "full", "https://other.example.com")

    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert ".env stays as it is, with COMPOSE_PROFILES=minimal" in again.stdout


@pytest.mark.parametrize(
    ("words", "base", "name"),
    [
        (("minimal",), "http://127.0.0.1:8080", x509.IPAddress),
        (("full",), "https://localhost", x509.DNSName),
        (("full", "https://wire.example.com:8443"), "https://wire.example.com:8443", x509.DNSName),
    ],
)
def test_profile_address_and_certificate_fit_together(
    tmp_path: Path, words: tuple[str, ...], base: str, name: type[x509.GeneralName]
) -> None:
    prepare(tmp_path, *words)

    assert f"COMPOSE_PROFILES={words[0]}\nZONEWIRE_BASE_URL={base}\n" in (tmp_path / ".env").read_text()
    certificate = x509.load_pem_x509_certificate((tmp_path / "secrets/tls/fullchain.pem").read_bytes())
    (found,) = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert isinstance(found, name)
    assert str(found.value) in base


def test_addresses_of_servers_of_ones_own_are_taken(tmp_path: Path) -> None:
    prepare(tmp_path, DATABASE_URL="postgresql://u:p@db.example.com/z", SMTP_URL="smtps://u:p@mail.example.com")

    assert (tmp_path / "secrets/database_url").read_text() == "postgresql://u:p@db.example.com/z"
    assert (tmp_path / "secrets/smtp_url").read_text() == "smtps://u:p@mail.example.com"


def test_an_unknown_profile_is_wrong_usage_and_makes_nothing(tmp_path: Path) -> None:
    refused = prepare(tmp_path, "everything")

    assert (refused.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "it is minimal or full" in refused.stderr
