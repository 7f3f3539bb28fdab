"""axe-core over what stands on the stage, and whether it fits: what keeps somebody from reading or using it."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe

from tests.chromium import Stage
from zonewire.rendering.translation import LOCALES

PHONE, DESKTOP = 375, 1200
LOOKS = {"zh-CN": ((PHONE, False), (DESKTOP, True)), "en": ((PHONE, True), (DESKTOP, False))}
"""Width, and whether it is night. No colour of ours depends on the width and no place on the colour: four do."""
OF_PAGES_ONLY = {
    "region": "a mail is shown inside the page of a mail program, which has its own landmarks",
    "landmark-one-main": "the same",
}
OF_PORTALS = {"heading-order": "an article's headings are as its portal wrote them"}
"""What axe finds inside of an article's text (.prose) and we do not answer for."""

_AXE = Axe()
_LOOK = """async options => (await axe.run(document, options)).violations.flatMap(({id, nodes}) => nodes.map(node => ({
  id,
  target: node.target[0],
  mend: node.failureSummary.split("\\n").pop().trim(),
  isPortals: document.querySelector(node.target[0])?.closest(".prose") != null,
})))"""


def access_faults(stage: Stage, locale: str = LOCALES[0], *, is_mail: bool = False) -> list[str]:
    """What keeps somebody out in the LOOKS of *locale*, each once with where it was seen first."""
    stage.page.evaluate(_AXE.axe_script)
    rules = {"target-size": {"enabled": True}} | {rule: {"enabled": False} for rule in OF_PAGES_ONLY if is_mail}
    faults: dict[str, str] = {}
    for width, dark in LOOKS[locale]:
        stage.look(width=width, dark=dark)
        if (beyond := _beyond(stage)) > 0:
            faults.setdefault("must be scrolled sideways (WCAG 1.4.10)", f"{width} px, {beyond} px too wide")
        for fault in _look(stage, {"resultTypes": ["violations"], "rules": rules}):
            faults.setdefault(fault, f"{width} px, {'dark' if dark else 'light'}")
    return [f"{fault} ({where})" for fault, where in faults.items()]


def _beyond(stage: Stage) -> int:
    """How many pixels stand beyond the right edge."""
    return int(stage.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def _look(stage: Stage, options: dict[str, Any]) -> list[str]:
    found = stage.page.evaluate(_LOOK, options)
    ours = [one for one in found if not (one["isPortals"] and one["id"] in OF_PORTALS)]
    return [f"{one['id']}, {one['target']}: {one['mend']}" for one in ours]
