"""Every page against the rules of axe-core: nothing serious, in the light and the dark theme."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

GRAVE = ("serious", "critical")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_barrier(visit: Visit, scheme: str) -> None:
    visit.page.emulate_media(color_scheme=scheme)
    visit.page.goto(visit.address)
    visit.settle()
    found: list[str] = []
    for number, link in enumerate(visit.links()):
        if number:
            visit.open(link)
        for violation in Axe().run(visit.page).response["violations"]:
            if violation["impact"] in GRAVE:
                targets = [
                    f"{node['target']} {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
                    for node in violation["nodes"][:2]
                ]
                found.append(f"{link}: {violation['id']} x{len(violation['nodes'])}: {targets}")
    assert not found, "\n".join(found)
