"""Settings, read once by each process from the environment, and handed down as small frozen values."""
