"""`zonewire doctor`: what an installation stands on, looked at one after the other, each with what mends it.

Nothing is changed, and nothing is sent. A check that meets a fault of its own has failed; it never ends the others.
"""

from workers.doctor.examining import examine

__all__ = ["examine"]
