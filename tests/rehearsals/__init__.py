"""Ten faults, rehearsed on running installations: what is seen of each, how soon, and that its mend mends it."""
