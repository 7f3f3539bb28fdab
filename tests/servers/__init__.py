"""Real servers for tests: each on a free port or socket of its own, ended with the session."""
