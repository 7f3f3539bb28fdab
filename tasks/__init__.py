"""Celery's side: the app, hints by name, what a process opened, and one thin file for each kind of work."""
