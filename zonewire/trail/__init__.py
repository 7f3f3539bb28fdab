"""The trail of an article: from its acceptance to every receiver, and for each that has not had it, why.

Also what each of them was sent, built anew. Reads only. Stands beside the reaction: it may look at everything that the
domain keeps.
"""

from zonewire.trail.reasons import Telling
from zonewire.trail.receivers import Receiver, receivers_of
from zonewire.trail.requests import Remark, Sent, request_of
from zonewire.trail.trail import Trail, trail_of

__all__ = ["Receiver", "Remark", "Sent", "Telling", "Trail", "receivers_of", "request_of", "trail_of"]
