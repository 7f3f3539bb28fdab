"""The HTTP face, over a real server."""
