"""The catalogue that the settings name."""

from config.settings import Settings
from zonewire.errors import SettingWrong
from zonewire.feeds import Catalogue, read_catalogue


def catalogue_of(settings: Settings) -> Catalogue:
    """What the file of CATALOGUE says. Raises CatalogueWrong with every fault, SettingWrong where it cannot be read."""
    try:
        text = settings.catalogue.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SettingWrong(f"{settings.catalogue} is not UTF-8", where="ZONEWIRE_CATALOGUE") from None
    except OSError as cause:
        what = f"cannot read {settings.catalogue}: {cause.strerror}"
        raise SettingWrong(what, where="ZONEWIRE_CATALOGUE", mend="Name a file that this user may read.") from None
    return read_catalogue(text, where=str(settings.catalogue))
