"""Strict servers in the place of platforms that cannot be reached from here: one file for each.

Each rule in them stands on a documented fact and cites it; a client that breaks one is refused with the platform's own
code, as the platform would. `serving.py` is the HTTP that they share.
"""
