"""What a channel allows: bounds that its platform sets, in its platform's way of counting."""

from dataclasses import dataclass

from zonewire.delivery.paces import Rate, Terms


@dataclass(frozen=True, slots=True)
class Limits:
    """None where there is no bound."""

    terms: Terms | None = None  # how often, and how much at once; None: whenever there is something


A_FLOOD = Rate(5, 10)
"""More than that at once nobody in a chat reads: what comes then waits ten seconds, and shares a card."""
