"""The JSON face: intake and management."""
