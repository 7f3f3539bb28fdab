"""The docs say what the code does: generated pages are fresh, names exist, examples run."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from config.settings import PREFIX, Settings
from docs import generate
from zonewire import ROOT
from zonewire.articles.model import Article
from zonewire.delivery.lanes import BUDGET_S, Lane
from zonewire.keys import SigningKey, new_webhook_secret, sign
from zonewire.telemetry import EVENTS, METRICS

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(ROOT.glob("docs/**/*.md"))
TEXT = {page: page.read_text() for page in PAGES}
SECRET = new_webhook_secret()
BODY = '{"type": "article.published", "data": {"title": "泰州"}}'.encode()


def examples(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", generate.PAGES, ids=str)
def test_a_generated_page_is_what_make_docs_would_write(page: Path) -> None:
    assert (ROOT / page).read_text() == generate.PAGES[page](), "run `make docs`"


def test_every_setting_is_on_the_operators_page() -> None:
    page = (ROOT / "docs/operators/settings.md").read_text()

    assert not [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}`" not in page]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_setting_that_does_not_exist(page: Path) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {f"{PREFIX}TEST_POSTGRES_URL"}

    for name in re.findall(rf"\b{PREFIX}[A-Z_]+\b", TEXT[page]):
        assert name.removesuffix("_FILE") in known


def test_every_command_is_on_the_operators_page_and_says_what_it_does() -> None:
    page = (ROOT / "docs/operators/commands.md").read_text()

    for context in generate.all_commands():
        assert f"## {context.command_path}\n" in page
        assert context.command.help


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_command_or_an_option_that_does_not_exist(page: Path) -> None:
    commands = {tuple(context.command_path.split()[1:]): context.command for context in generate.all_commands()}
    for line in _command_lines(TEXT[page]):
        words = line.split()
        if words[:1] == words and words[0] in {path[0] for path in commands}:
            continue  # a group, or a command alone
        path = next((tuple(words[:n]) for n in (2, 1) if tuple(words[:n]) in commands), None)
        assert path, f"no command: zonewire {line}"
        options = {flag for parameter in commands[path].params for flag in (*parameter.opts, *parameter.secondary_opts)}
        assert set(re.findall(r"(?<=\s)--[a-z-]+", line.partition("$(")[0])) <= options | {"--help"}, line


def _command_lines(text: str) -> list[str]:
    """What stands behind `zonewire` at the beginning of a line of code, or in an inline piece of code."""
    blocks = "\n".join(re.findall(r"^```(?:sh)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    inline = "\n".join(re.findall(r"`([^`\n]+)`", prose))
    called = re.findall(r"^(?:\.venv/bin/)?zonewire ([a-z][^#\n]*)", f"{blocks}\n{inline}", re.MULTILINE)
    return [line for line in called if "[OPTIONS]" not in line]


def test_every_log_event_is_on_the_operators_page() -> None:
    page = (ROOT / "docs/operators/log.md").read_text()

    assert not [name for name in EVENTS if f"`{name}`" not in page]


def test_every_metric_is_on_the_operators_page() -> None:
    page = (ROOT / "docs/operators/metrics.md").read_text()

    assert not [name for name in METRICS if f"`{name}`" not in page]


def test_every_event_that_the_code_logs_is_named_with_its_meaning() -> None:
    logged = set()
    for folder in ("zonewire", "tasks", "workers", "web", "cli"):
        for path in (ROOT / folder).rglob("*.py"):
            logged |= set(re.findall(r'\blog\.(?:debug|info|warning|error|exception)\(\s*"([^"]+)"', path.read_text()))

    assert logged <= set(EVENTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_inside_the_docs_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", TEXT[page]):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"(?:^|`)make ([a-z]+)", TEXT[page], re.MULTILINE)) <= targets


def test_the_readme_begins_with_the_two_commands() -> None:
    assert examples("README.md", "")[0].split("#")[0].strip() == "make run"
    assert TEXT[ROOT / "README.md"].index("make test") < 250


def test_every_lane_and_its_budget_is_on_the_page_about_running() -> None:
    page = (ROOT / "docs/operators/running.md").read_text()

    for lane in Lane:
        assert re.search(rf"^\| `{re.escape(lane)}` \|.*\| {BUDGET_S[lane]} s \|$", page, re.MULTILINE)


def test_the_partners_page_names_every_field_of_an_article() -> None:
    page = (ROOT / "docs/partners/webhooks.md").read_text()

    assert not [name for name in Article.__dataclass_fields__ if f"`{name}`" not in page]


def test_the_default_retries_are_those_that_partners_are_told() -> None:
    steps = "after 5 seconds, 5 minutes, 30 minutes, 2, 5, 10, 14, 20 and 24 hours"
    seconds = [5, 300, 1800, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24))]

    assert Settings.model_fields["retry_schedule"].default == seconds
    assert steps in (ROOT / "docs/partners/webhooks.md").read_text()


def the_example(number: int, name: str) -> Callable[..., Any]:
    """A function of the partners' page, as a partner would paste it."""
    namespace: dict[str, Any] = {}
    exec(examples("docs/partners/webhooks.md", "python")[number], namespace)
    function: Callable[..., Any] = namespace[name]
    return function


def a_webhook(secrets: list[str], at: int) -> dict[str, str]:
    keys = [SigningKey.of(secret) for secret in secrets]
    signature = sign(keys, "0197", at, BODY)
    return {"webhook-id": "0197", "webhook-timestamp": str(at), "webhook-signature": signature}


def test_the_verifying_code_of_the_partners_page_accepts_what_we_sign() -> None:
    holds = the_example(0, "holds")
    now = int(time.time())

    assert holds(SECRET, a_webhook([SECRET], now), BODY)
    assert holds(SECRET, a_webhook([new_webhook_secret(), SECRET], now), BODY)


def test_the_verifying_code_of_the_partners_page_refuses_what_is_not_ours() -> None:
    holds = the_example(0, "holds")
    now = int(time.time())

    assert not holds(SECRET, a_webhook([new_webhook_secret()], now), BODY)
    assert not holds(SECRET, a_webhook([SECRET], now), BODY + b" ")
    assert not holds(SECRET, a_webhook([SECRET], now - 301), BODY)


def test_the_librarys_code_of_the_partners_page_does_the_same() -> None:
    verified = the_example(1, "verified")

    assert verified(SECRET, a_webhook([SECRET], int(time.time())), BODY) == {
        "type": "article.published",
        "data": {"title": "泰州"},
    }
    with pytest.raises(WebhookVerificationError):
        verified(SECRET, a_webhook([new_webhook_secret()], int(time.time())), BODY)
