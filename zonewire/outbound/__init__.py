"""The way out: the address guard, and the couriers that carry requests over HTTP and SMTP.

Nothing here knows deliveries, channels or the database: a courier takes requests with a ticket and brings replies
back with the same ticket.
"""

from zonewire.outbound.guard import Guard

__all__ = ["Guard"]
