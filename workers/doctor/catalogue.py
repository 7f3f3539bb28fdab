"""What the doctor looks at of the catalogue."""

from collections.abc import Iterator

from config.catalogue import catalogue_of
from config.settings import Settings
from workers.doctor.findings import Finding, Result
from zonewire.errors import SettingWrong
from zonewire.feeds import CatalogueWrong


def examine_catalogue(settings: Settings) -> Iterator[Finding]:
    """The file as a whole; each fault by its line."""
    try:
        catalogue = catalogue_of(settings)
    except CatalogueWrong as error:
        for fault in error.faults:
            yield Finding(
                "catalogue", Result.FAIL, f"{settings.catalogue}, {fault}", "Nothing starts until it is mended."
            )
    except SettingWrong as error:
        yield Finding("catalogue", Result.FAIL, error.what, error.mend)
    else:
        declared, places = len(catalogue.declared), len(catalogue.places)
        said = f"{catalogue.portal.name}: {declared} feeds declared, {places} places described"
        faint = catalogue.portal.faint_colours()
        if faint:
            mend = "Take a darker one: links, buttons and corrections of pages and mails are written in it, on white."
            yield Finding("catalogue", Result.WARN, f"{said}; {' and '.join(faint)} can hardly be read on white", mend)
        else:
            yield Finding("catalogue", Result.OK, said)
