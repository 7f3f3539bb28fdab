"""What the doctor finds of files: whose they are. Who may read them is in test_doctor.py."""

import os
import pwd
import tempfile
from pathlib import Path

import pytest

from config.settings import load
from workers.doctor.files import examine_files, named_by
from workers.doctor.findings import Result

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
NOBODY = pwd.getpwnam("nobody").pw_uid


@AS_ROOT
def test_a_file_that_another_user_made_in_the_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "zonewire.db").touch(mode=0o600)
    os.chown(tmp_path, NOBODY, -1)
    (found,) = [one for one in examine_files(load(data_dir=tmp_path)) if one.result is Result.FAIL]
    assert found.found.endswith(f"belongs to another user than {tmp_path} (nobody)")
    assert found.mend == f"chown -R nobody: {tmp_path / 'zonewire.db'}; run commands as nobody."


@AS_ROOT
def test_a_folder_of_another_user_is_found() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are behind one that nobody else may pass
        Path(folder).chmod(0o755)
        os.seteuid(NOBODY)
        try:
            found = list(examine_files(load(data_dir=Path(folder))))[-1]
        finally:
            os.seteuid(0)
    assert (found.result, found.found) == (Result.FAIL, f"{folder} belongs to root, and this is nobody")
    assert found.mend.startswith("Run it as root, or name a folder of nobody's")


def test_a_file_that_a_setting_names_is_looked_at_but_not_what_compose_mounts() -> None:
    named = {"ZONEWIRE_SECRET_KEY_FILE": "/etc/zonewire/key", "ZONEWIRE_EVENT_TOKEN_FILE": "/run/secrets/event_token"}

    assert named_by(named | {"FLOWER_LOGIN_FILE": "/etc/login"}) == [Path("/etc/zonewire/key")]
