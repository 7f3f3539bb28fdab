"""Zonewire's domain: functions over a database connection.

Knows no Celery, no FastAPI and no environment; settings arrive as small frozen values from the faces.
"""

from pathlib import Path

__version__ = "0.1.0"

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: `templates/`, `samples/` and `config/` stand here, since Zonewire runs from its checkout."""
