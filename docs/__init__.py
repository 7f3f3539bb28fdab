"""The docs, and `python -m docs.generate`, which writes those of their pages that the code can tell best."""
