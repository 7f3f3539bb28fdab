"""The packages for Node come from whatever registry a machine is set to."""

from tests.validators.judges import HERE


def test_the_lock_names_no_registry_and_no_other_address() -> None:
    lock = (HERE / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert "http" not in lock
