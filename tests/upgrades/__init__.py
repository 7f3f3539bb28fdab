"""Databases of earlier releases, and earlier releases themselves, beside the code of today."""
