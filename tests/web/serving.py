"""An application behind a real server on a free port of loopback, for as long as a block lasts."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from tests.eventually import eventually

STEP_S = 0.005


class PromptServer(uvicorn.Server):
    """Ends as soon as it is told to: uvicorn itself looks ten times a second, and hundreds of tests wait for it."""

    async def main_loop(self) -> None:
        """Until it is to end."""
        await self.on_tick(0)
        while not self.should_exit:  # noqa: ASYNC110 - uvicorn has a flag for it, and no event
            await asyncio.sleep(STEP_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Once every answer that is under way has gone out, for two seconds at the most."""
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - the same
                    await asyncio.sleep(STEP_S)


@contextlib.contextmanager
def serve(app: ASGIApp, *, port: int = 0) -> Iterator[str]:
    """The address of *app*, without a slash at its end: `with serve(create_app(face)) as url: …`."""
    listener = socket.create_server(("127.0.0.1", port))
    server = PromptServer(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started, within_s=10, what="the test's web server")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
