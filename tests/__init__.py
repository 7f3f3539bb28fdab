"""Tests: the tree mirrors the code's; e2e/ drives the real processes; simulators/ and servers/ are what they talk to."""
