"""Robots: a real pusher, a real courier, and the platforms' simulators."""
