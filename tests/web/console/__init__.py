"""The console, over HTTP as a browser speaks it."""
