"""Pages and documents for everybody."""
