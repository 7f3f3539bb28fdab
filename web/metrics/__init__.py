"""`/metrics`: the door, and the families that Prometheus reads. What they tell is read by zonewire/measures.py."""
