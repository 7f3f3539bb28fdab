"""Delivery: the ledger of what is owed, its states, leases and retries; endpoints and their health; counts.

Rows enter in `owing`, are claimed and settled in `ledger`, and are looked at in `listing`. Imports articles, keys,
outbound, rendering and the store.
"""
