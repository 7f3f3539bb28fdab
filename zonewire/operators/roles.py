"""What an operator may do: each role may what those before it may."""

from enum import StrEnum


class Role(StrEnum):
    """How much an operator may do."""

    LOOK = "look"  # see everything but secrets
    OPERATE = "operate"  # and replay, cancel, pause, resume, test, enable, disable
    ADMINISTER = "administer"  # and rotate secrets, export and erase people's data, make operators

    def may(self, needed: "Role") -> bool:
        """Whether this role is enough for what *needed* is enough for."""
        roles = list(Role)
        return roles.index(self) >= roles.index(needed)
