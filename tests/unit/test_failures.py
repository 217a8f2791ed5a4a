"""The failure matrix: every source in every way it can fail."""

from __future__ import annotations

import pytest

from pipelines.sources.base import discover
from tests.stub.matrix import PARTS, cells
from tests.stub.modes import MODES


@pytest.mark.parametrize("source", PARTS)
def test_every_failure_is_taken_for_what_it_is(source: str) -> None:
    found = list(cells(source))
    assert [f"{cell.mode.name}: {text}" for cell in found for text in cell.wrong] == []
    assert len(found) == sum(source in mode.sources for mode in MODES) >= 8


def test_every_source_that_asks_publishers_is_in_the_matrix() -> None:
    assert set(PARTS) == set(discover()) - {"cluster_definition", "regions", "supplement"}
