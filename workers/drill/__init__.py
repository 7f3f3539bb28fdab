"""`zonewire drill`: an installation of its own is published to while everything around it fails, and then judged.

`run.py` tells the story. What is published stands in `newsroom.py`, to whom in `audience.py`, where they receive it in
`stand.py`, what goes wrong in `faults.py`, who is owed what in `model.py`, what became of it in `judge.py`. The judge
goes by what was answered 202 and by what receivers got; the ledger is asked only why something came again.
"""
