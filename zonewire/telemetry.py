"""Every log event and metric, by name."""
