"""Numbers that somebody wrote into an address or a form, as far as the database could have them."""

from starlette.convertors import Convertor, register_url_convertor

DIGITS = 18
"""So many fit into every column; of more than 4,300 Python itself would make an error."""


def number_in(given: str) -> int | None:
    """The key, count or moment that *given* writes; None where it writes none that can be."""
    return int(given) if given.isascii() and given.isdigit() and len(given) <= DIGITS else None


class Key(Convertor[int]):
    """`{id:key}` of a route: what is longer than any key leads nowhere."""

    regex = f"[0-9]{{1,{DIGITS}}}"

    def convert(self, value: str) -> int:
        """As the route gets it."""
        return int(value)

    def to_string(self, value: int) -> str:
        """As an address has it."""
        return str(value)


register_url_convertor("key", Key())
