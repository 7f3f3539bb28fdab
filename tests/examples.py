"""How many examples a property is tried on: few in `make test`, many in `make proofs`."""

import os

FACTOR = int(os.environ.get("PROOF_FACTOR", "1"))


def examples(few: int) -> int:
    """So many; times PROOF_FACTOR, which `make proofs` sets."""
    return few * FACTOR
