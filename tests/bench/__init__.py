"""Tests of bench/: that what it says of a figure is so, and that its sink counts rightly."""
