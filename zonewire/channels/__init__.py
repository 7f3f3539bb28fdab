"""Channels: one file for each way to reach a receiver, named alike in code, tests, docs and console.

Each makes a request of a message (`build`) and reads a reply as an outcome (`judge`); both are pure, and only couriers
have sockets. Imports delivery's types, articles, keys, outbound's types and rendering.
"""

from zonewire.channels.limits import Limits
from zonewire.channels.registry import CHANNELS, Channel

__all__ = ["CHANNELS", "Channel", "Limits"]
