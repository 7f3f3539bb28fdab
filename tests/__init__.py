"""Tests mirror the code's tree; e2e/ drives the real processes; servers/ are what they talk to."""
