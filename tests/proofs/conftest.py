"""What a proof has to say for itself stands at the end of the run."""

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A line for each proof that counted what it did (`record_property("proved", …)`)."""
    for report in terminalreporter.getreports("passed"):
        for name, what in report.user_properties:
            if name == "proved":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {what}")
