"""Raw libcurl: one process, one multi handle by perform and select, each request signed. No ledger, no retries.

The ceiling that anything built on libcurl can reach here.
"""

import sys
import time
from pathlib import Path

import pycurl

from bench.peers.load import Load, signed_headers


def main() -> None:
    """Carry the load of the command line once for each line on standard input."""
    load = Load.from_arguments(sys.argv[1:])
    body = Path(load.body_file).read_bytes()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(time.monotonic(), flush=True)
        carry(load, body)


def carry(load: Load, body: bytes) -> None:
    """Send every request of *load*. Raises RuntimeError for the first that fails."""
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAXCONNECTS, load.connections)
    idle = [_handle(body) for _ in range(load.connections)]
    handles = list(idle)  # pycurl keeps no reference while a handle is in a multi handle
    sent = done = 0
    while done < load.requests:
        while idle and sent < load.requests:
            handle = idle.pop()
            handle.setopt(pycurl.URL, load.url(sent))
            handle.setopt(pycurl.HTTPHEADER, [*signed_headers(load.ident(sent), body), "Expect:"])
            multi.add_handle(handle)
            sent += 1
        while multi.perform()[0] == pycurl.E_CALL_MULTI_PERFORM:
            pass
        finished = _finished(multi)
        done += len(finished)
        idle += finished
        if not finished:
            multi.select(1.0)
    multi.close()
    del handles


def _handle(body: bytes) -> pycurl.Curl:
    handle = pycurl.Curl()
    handle.setopt(pycurl.POST, 1)
    handle.setopt(pycurl.POSTFIELDS, body)
    handle.setopt(pycurl.WRITEFUNCTION, len)
    handle.setopt(pycurl.NOSIGNAL, 1)
    handle.setopt(pycurl.TIMEOUT, 15)
    handle.setopt(pycurl.TCP_NODELAY, 1)
    return handle


def _finished(multi: pycurl.CurlMulti) -> list[pycurl.Curl]:
    found: list[pycurl.Curl] = []
    while True:
        queued, ok, failed = multi.info_read()
        if failed:
            raise RuntimeError(f"a request failed: {failed[0][2]}")
        for handle in ok:
            if handle.getinfo(pycurl.RESPONSE_CODE) != 200:
                raise RuntimeError(f"the sink answered {handle.getinfo(pycurl.RESPONSE_CODE)}")
            multi.remove_handle(handle)
        found += ok
        if not queued:
            return found


if __name__ == "__main__":
    main()
