"""Turning facts into what people read: the Jinja environment, the words of each language, and mails as bytes.

Knows no article and no edition: those hand their own values in. Imports telemetry and errors alone.
"""

from zonewire.rendering.mime import Letter, Slots, compose

__all__ = ["Letter", "Slots", "compose"]
