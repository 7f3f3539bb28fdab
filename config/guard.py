"""The address guard that the settings give."""

from dataclasses import replace

from config.settings import Settings
from zonewire.errors import InvalidInput, SettingWrong
from zonewire.outbound.guard import Guard, allowed_pairs, target_of


def guard_of(settings: Settings) -> Guard:
    """What ALLOW_PRIVATE_ENDPOINTS and ALLOW_ENDPOINTS let through. Raises SettingWrong."""
    try:
        return Guard(settings.allow_private_endpoints, allowed_pairs(settings.allow_endpoints))
    except InvalidInput as cause:
        raise SettingWrong(
            cause.errors[0].detail,
            where="ZONEWIRE_ALLOW_ENDPOINTS",
            mend="Give address:port pairs, comma-separated, such as 127.0.0.1:9000.",
        ) from cause


def guard_for(settings: Settings, *services: str) -> Guard:
    """The same, and through to *services* (addresses of settings) where they name a special address: they are ours."""
    guard = guard_of(settings)
    targets = [target_of(service) for service in services]
    ours = {(str(target.address), target.port) for target in targets if target.address is not None}
    return replace(guard, allowed=guard.allowed | ours)
