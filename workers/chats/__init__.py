"""What a member of a group sees of a robot's message: its JSON read into plain pieces, for the sample desk's page.

A platform has one name everywhere (`wecom.py`, `dingtalk.py`, `feishu.py`, `slack.py`). Pure, and no more faithful than
a newcomer needs: see `tests/simulators/` for what platforms take. Imports nothing of ours.
"""

from workers.chats.pieces import Kind, Piece, Reading, Run
from workers.chats.reading import PLATFORMS, reading_of

__all__ = ["PLATFORMS", "Kind", "Piece", "Reading", "Run", "reading_of"]
