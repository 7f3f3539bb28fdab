"""Couriers: who carries requests over a protocol. They own connections and threads, and know nothing of deliveries.

`http.py` is libcurl's multi handle, `smtp.py` a handful of connections to a relay, `eml.py` mails as files; `mail.py`
holds what the last two share. Imports outbound and errors alone.
"""
