"""What config/deploy/ sets up."""
