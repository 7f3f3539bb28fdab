"""The console: how things are, for those who operate, and what they can do about it.

Every page is made on the server and works without its script, which only keeps some parts of a page up to date. Only
who is logged in gets beyond `/console/login`; each act wants a role, a form of ours, and is written down.
"""
