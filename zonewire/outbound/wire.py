"""Messages between a process and one that it forked: plain values, in order, over a socket pair."""

import marshal
import select
import socket
import struct
import time
from typing import Any

_LENGTH = struct.Struct("!I")
_READ_AT_ONCE = 1 << 20


class Wire:
    """One end, for one thread at a time. Neither `send` nor `received` ever waits; what does not fit is kept.

    Messages are what `marshal` takes, tuples and lists of plain values: both ends are the same interpreter, and it
    costs a third of pickle where a thousand small tuples are sent, each object that they share once.
    """

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._socket = end
        self._unread = bytearray()
        self._unsent = bytearray()
        self._is_over = False

    def fileno(self) -> int:
        """For pollers."""
        return self._socket.fileno()

    @property
    def is_pending(self) -> bool:
        """Whether something waits for room in the socket."""
        return bool(self._unsent)

    def send(self, message: Any) -> None:
        """Send *message*, as far as it fits now. Raises ValueError for what is no plain value."""
        data = marshal.dumps(message)
        self._unsent += _LENGTH.pack(len(data))
        self._unsent += data
        self.flush()

    def flush(self) -> None:
        """Send on what is kept, as far as it fits now. Nobody at the other end is no error here: `received` tells."""
        while self._unsent:
            try:
                sent = self._socket.send(self._unsent)
            except BlockingIOError:
                return
            except OSError:
                self._unsent.clear()
                return
            del self._unsent[:sent]

    def received(self) -> list[Any]:
        """The messages that have come. Raises EOFError where none has and the other end is gone."""
        while not self._is_over:
            try:
                data = self._socket.recv(_READ_AT_ONCE)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            self._unread += data
            self._is_over = not data
        messages = self._whole()
        if self._is_over and not messages:
            raise EOFError
        return messages

    def _whole(self) -> list[Any]:
        messages = []
        at, end = 0, len(self._unread)
        while end - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._unread, at)
            if end - at - _LENGTH.size < length:
                break
            at += _LENGTH.size
            messages.append(marshal.loads(memoryview(self._unread)[at : at + length]))  # noqa: S302  # our own fork's
            at += length
        del self._unread[:at]
        return messages

    def wait(self, timeout_s: float) -> bool:
        """Until something can be read, for at most *timeout_s*; whether it can. It only looks: any thread may."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(max(0.0, timeout_s) * 1000))  # below nought poll(2) waits for ever

    def drain(self, timeout_s: float) -> bool:
        """Until all that is kept has been sent, for at most *timeout_s*; whether it has."""
        deadline = time.monotonic() + timeout_s
        poll = select.poll()
        poll.register(self._socket, select.POLLOUT)
        while self._unsent and (left := deadline - time.monotonic()) > 0:
            poll.poll(left * 1000)
            self.flush()
        return not self._unsent

    def close(self) -> None:
        """Give the socket back; the other end sees the end."""
        self._socket.close()
