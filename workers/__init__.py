"""The processes: worker, beat, up, the embedded Redis, the sentinel."""
