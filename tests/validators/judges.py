"""html-validate for pages and caniemail for mails, asked in one Node process that stays for the whole run."""

import json
import shutil
import subprocess
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.validators.allowances import ALLOWED, CLIENTS, RULES_LEFT_OUT
from tests.validators.word_engine import word_faults

HERE = Path(__file__).parent
INSTALLED = HERE / "node_modules"
BOXES = {"form-dup-name": ["error", {"shared": ["radio", "button", "reset", "submit", "checkbox"]}]}
"""Boxes of one list have one name: that is how a form says several."""
CONFIG = {"root": True, "extends": ["html-validate:recommended"], "rules": dict.fromkeys(RULES_LEFT_OUT, "off") | BOXES}


def require_judges() -> None:
    """Skip where Node or its packages are missing."""
    if not shutil.which("node") or not INSTALLED.is_dir():
        pytest.skip(
            "no node here, or its packages are not installed: `make validators` does that (Debian: nodejs, npm)"
        )


def html_faults(html: str) -> list[str]:
    """What html-validate finds in a page, one sentence each: rule, line, element and what is wrong."""
    found = _ask(check="page", html=html, config=CONFIG)
    return [f"{one['rule']}, line {one['line']}, {one['selector']}: {one['message']}" for one in found]


def mail_faults(html: str, client: str) -> list[str]:
    """What the mail program *client* (of CLIENTS) would not show, or only in part, unless ALLOWED names it."""
    assert client in CLIENTS
    found = _ask(check="mail", html=html, client=client)
    faults = [
        f"{one['feature']}: {one['support']}. {' '.join(one['notes'])}".strip()
        for one in found
        if not any(one["feature"] == it.feature and fnmatch(client, it.clients) for it in ALLOWED[one["support"]])
    ]
    if client == "outlook.windows":
        faults += word_faults(html)
    return sorted(set(faults))


def _ask(**request: Any) -> Any:
    process = _node()
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    assert answer, "the judges ended; what node said stands above"
    return json.loads(answer)


@cache
def _node() -> subprocess.Popen[str]:
    """Ends by itself when this process does: its input is over then."""
    pipe = subprocess.PIPE
    return subprocess.Popen(["node", str(HERE / "checks.mjs")], stdin=pipe, stdout=pipe, encoding="utf-8")
