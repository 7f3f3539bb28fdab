"""Alarms: what is a symptom, what is kept of it, and who is told what."""
