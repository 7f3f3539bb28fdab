"""What Zonewire is measured against.

The senders of webhooks are programs: each says `ready`, waits for a line, and carries its load. nginx is itself, and
feedgen a function.
"""
