"""Backups: everything that an installation needs to live again, in one file that either database takes back.

A file is a gzipped tar: a manifest, what else was kept beside the database, the rows of each table as JSON lines, and
their sums. `taking` writes one while everything runs, `restoring` makes a database of it. Imports delivery and store.
"""

from zonewire.backup.archive import whole_file
from zonewire.backup.manifest import Manifest
from zonewire.backup.restoring import Checked, Restored, check, in_words, restore
from zonewire.backup.taking import Taken, take

__all__ = ["Checked", "Manifest", "Restored", "Taken", "check", "in_words", "restore", "take", "whole_file"]
