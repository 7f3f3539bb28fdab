"""What every peer is given to carry, and how it signs: as Standard Webhooks has it, like Zonewire."""

import argparse
import base64
import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass

SECRET = b"a secret of thirty-two bytes ...."


@dataclass(frozen=True, slots=True)
class Load:
    """So many POSTs of one body, each to an address of its own at one host and port."""

    base_url: str
    requests: int
    body_file: str
    connections: int = 32
    redis_url: str = ""  # the broker, for a peer that has one

    @classmethod
    def from_arguments(cls, arguments: Sequence[str]) -> "Load":
        """From a command line."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--base-url", required=True)
        parser.add_argument("--requests", type=int, required=True)
        parser.add_argument("--body-file", required=True)
        parser.add_argument("--connections", type=int, default=32)
        parser.add_argument("--redis-url", default="")
        return cls(**vars(parser.parse_args(arguments)))

    def as_arguments(self) -> list[str]:
        """As a command line."""
        words = ["--base-url", self.base_url, "--requests", str(self.requests), "--body-file", self.body_file]
        return [*words, "--connections", str(self.connections), "--redis-url", self.redis_url]

    def url(self, n: int) -> str:
        """The address of the receiver with that number."""
        return f"{self.base_url}/{n}"

    def ident(self, n: int) -> str:
        """A webhook-id; the sink is emptied before each round."""
        return f"msg_0193c1a2-7b1e-7cc0-8000-{n:012d}"


def signed_headers(ident: str, body: bytes) -> list[str]:
    """The headers of one webhook, "name: value"."""
    now = int(time.time())
    digest = hmac.digest(SECRET, b"%b.%d.%b" % (ident.encode(), now, body), hashlib.sha256)
    return [
        "content-type: application/json",
        "user-agent: peer/1",
        f"webhook-id: {ident}",
        f"webhook-timestamp: {now}",
        f"webhook-signature: v1,{base64.b64encode(digest).decode()}",
    ]
