"""Flower's settings (`celery -A tasks.app flower --conf=…`): who may come in, and how much it keeps."""  # noqa: INP001

import os
from pathlib import Path

# `name:word` in a file, as for Docker's secrets. Without it Flower's API is closed and its pages are not.
if named := os.environ.get("FLOWER_LOGIN_FILE"):
    basic_auth = [Path(named).read_text().strip()]
max_tasks = 5000  # a hint a second on seven lanes: the last twelve minutes
inspect_timeout = 3000.0  # milliseconds; a worker answers between two turns, which may take one second
