"""What a channel allows: bounds that its platform sets, in its platform's way of counting."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """None where there is no bound."""

    per_minute: int | None = None  # requests to one endpoint in a sliding minute
    body_bytes: int | None = None
