"""Every check, in the order in which one needs the other."""

from collections.abc import Callable, Iterator

from config.settings import Settings, load
from workers.doctor.brokers import examine_brokers
from workers.doctor.catalogue import examine_catalogue
from workers.doctor.channels import examine_indexnow, examine_wechat
from workers.doctor.clocks import examine_machines_clock, examine_time_zones
from workers.doctor.database import examine_database
from workers.doctor.disk import examine_disk
from workers.doctor.files import examine_files
from workers.doctor.findings import Finding, Result
from workers.doctor.limits import examine_limits
from workers.doctor.mail import examine_smtp
from workers.doctor.secrets import examine_guard, examine_secrets
from workers.doctor.web import examine_web
from zonewire.errors import SettingWrong, ZonewireError

CHECKS: tuple[tuple[str, Callable[[Settings], Iterator[Finding]]], ...] = (
    ("disk", examine_disk),
    ("files", examine_files),
    ("limits", examine_limits),
    ("clock", examine_machines_clock),
    ("database", examine_database),
    ("secrets", examine_secrets),
    ("guard", examine_guard),
    ("broker", examine_brokers),
    ("smtp", examine_smtp),
    ("base url", examine_web),
    ("wechat", examine_wechat),
    ("indexnow", examine_indexnow),
    ("time zones", examine_time_zones),
)


def examine() -> Iterator[Finding]:
    """What every check has found; where the settings are wrong, they alone."""
    try:
        settings = load()
    except SettingWrong as error:
        yield Finding("settings", Result.FAIL, f"{error.where}: {error.what}", error.mend)
        return
    yield Finding("settings", Result.OK, "every setting can be read")
    yield from examine_catalogue(settings)
    for name, check in CHECKS:
        try:
            yield from check(settings)
        except Exception as error:  # one check's fault is a finding, and the others go on
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            mend = error.mend if isinstance(error, ZonewireError) else ""
            yield Finding(name, Result.FAIL, f"cannot be checked: {said}", mend)
