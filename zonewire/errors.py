"""The exception tree: everything that Zonewire raises for somebody outside to read.

ZonewireError
├── InvalidInput      what somebody sent is wrong; a list of fields (400, exit 1)
│   └── NotAnArticle  a page that holds no article (400, exit 1)
├── WrongUsage        a command or call that cannot be meant (400, exit 2)
├── UnsupportedType   a media type that is not taken (415)
├── TooLarge          more bytes than are taken (413)
├── AddressRefused    the guard: an address that leads inside (400, exit 1)
├── NotFound          no such thing (404, exit 1)
├── Conflict          it is there, but not in a state for this (409, exit 1)
├── TooMany           more than one may ask for (429)
├── BackupUnreadable  a file that no database can be made of (exit 1)
├── SettingWrong      a setting that stops the process at its start (exit 2)
│   └── KeyMissing    no key of the ring opens a secret: whatever needs it waits
├── StoreBusy         the database did not come free in time (503)
├── StoreFull         the disk is full (507)
└── StoreUnavailable  the database cannot be reached (503)

Each carries what was wrong, where, and what to do, so that a line on the terminal, a problem document and a
log say the same.
"""

from dataclasses import dataclass


class ZonewireError(Exception):
    """What was wrong, where it was, and what to do about it."""

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f"\n{self.mend}" if self.mend else "")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong in what somebody sent."""

    index: int  # which event of the batch, from 0
    field: str  # "data.title"; "" where the whole is meant
    detail: str


FIELDS_MOST = 40
"""As many wrong fields are named on one line."""


def _named(errors: list[FieldError], *, most: int) -> str:
    shown = "; ".join(f"{one.field}: {one.detail}" if one.field else one.detail for one in errors[:most])
    return shown + (f" (and {len(errors) - most} more)" if len(errors) > most else "")


class InvalidInput(ZonewireError):
    """Input that cannot be taken; `errors` names each field."""

    def __init__(self, errors: list[FieldError], *, where: str = "", mend: str = "") -> None:
        super().__init__(_named(errors, most=1), where=where, mend=mend)
        self.errors = errors

    @property
    def all_fields(self) -> str:
        """Every wrong field with what is wrong in it, on one line; of very many, the first."""
        return _named(self.errors, most=FIELDS_MOST)

    @classmethod
    def of(cls, field: str, detail: str, *, index: int = 0) -> "InvalidInput":
        """The error of a single field."""
        return cls([FieldError(index, field, detail)])


class NotAnArticle(InvalidInput):
    """A page that holds no article: a list, a login, an error, an empty frame."""


class WrongUsage(ZonewireError):
    """A command or call that cannot be meant so."""


class UnsupportedType(ZonewireError):
    """A media type that is not taken here."""


class TooLarge(ZonewireError):
    """More bytes than are taken here."""


class AddressRefused(ZonewireError):
    """An address that leads inside, or cannot be an address of its channel."""


class NotFound(ZonewireError):
    """There is no such thing."""


class Conflict(ZonewireError):
    """The thing is there, but not in a state in which this can be done."""


class TooMany(ZonewireError):
    """More than one may ask for; nothing was changed."""

    def __init__(self, what: str, *, retry_after_s: int, where: str = "", mend: str = "") -> None:
        super().__init__(what, where=where, mend=mend)
        self.retry_after_s = retry_after_s


class BackupUnreadable(ZonewireError):
    """A file that is no backup, or one that is damaged or of a form not known here."""


class SettingWrong(ZonewireError):
    """A setting that no process may start with."""


class KeyMissing(SettingWrong):
    """No key here opens a secret of the database: what needs it waits until the ring has its key."""


class CourierGone(ZonewireError):
    """Nothing is carried in this process any more; whoever works in it must be replaced."""


class StoreBusy(ZonewireError):
    """The database did not come free within its time; nothing was changed."""

    retry_after_s = 1


class StoreFull(ZonewireError):
    """The disk under the database is full; nothing was changed."""


class StoreUnavailable(ZonewireError):
    """The database cannot be reached; nothing is known to have changed."""

    retry_after_s = 2
