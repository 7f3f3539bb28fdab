"""Benchmarks, and the peers that they are run against: side by side, in one run, on one machine.

`make bench` measures and judges; `python -m bench --smoke` only sees that all of it still runs. What is measured is
the installation that `zonewire up` starts, through its own doors. Only ratios within one run mean anything.
"""
