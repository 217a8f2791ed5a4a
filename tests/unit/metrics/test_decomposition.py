"""Constant market shares: an example by hand, the identity, and what each effect must not see."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics.decomposition import constant_market_shares

# importers x products; the example that stands in the SQL's unit test as well
FIRST_EXPORTS = [[20, 10], [5, 0]]
LAST_EXPORTS = [[60, 10], [0, 5]]
FIRST_IMPORTS = [[100, 100], [50, 150]]
LAST_IMPORTS = [[200, 100], [50, 50]]


def test_by_hand() -> None:
    found = constant_market_shares(FIRST_EXPORTS, LAST_EXPORTS, FIRST_IMPORTS, LAST_IMPORTS)
    assert (found.first_share, found.last_share) == (0.0875, 0.1875)
    assert found.market_share == pytest.approx(0.05)
    assert found.commodity_composition == pytest.approx(1 / 48)
    assert found.commodity_adaptation == pytest.approx(-1 / 60)
    assert found.market_composition == pytest.approx(0.03125)
    assert found.market_adaptation == pytest.approx(7 / 480)


def panel(draw: np.random.Generator) -> list[np.ndarray]:
    """Exports and imports of two years with many zeros, some whole rows among them."""
    shape = (int(draw.integers(1, 12)), int(draw.integers(1, 20)))
    tables = []
    for _ in range(2):
        imports = np.exp(draw.normal(3, 3, shape)) * (draw.random(shape) < 0.6)
        imports[draw.random(shape[0]) < 0.2] = 0
        imports[0, 0] += 1
        exports = imports * draw.random(shape) ** 3 * (draw.random(shape) < 0.5)
        tables.append((exports, imports))
    (x0, m0), (x1, m1) = tables
    return [x0, x1, m0, m1]


def test_effects_sum_to_the_change() -> None:
    draw = np.random.default_rng(20050309)
    for _ in range(300):
        found = constant_market_shares(*panel(draw))
        assert abs(found.total - (found.last_share - found.first_share)) <= 1e-12


def test_nothing_moves_without_a_cause() -> None:
    """Same shares in every market: no share was won; same imports: nothing shifted."""
    x0, m0 = np.array(FIRST_EXPORTS, float), np.array(FIRST_IMPORTS, float)
    m1 = np.array(LAST_IMPORTS, float)
    same_shares = constant_market_shares(x0, x0 / m0 * m1, m0, m1)
    for effect in ("market_share", "commodity_adaptation"):
        assert getattr(same_shares, effect) == pytest.approx(0, abs=1e-15)
    assert same_shares.commodity_composition != 0
    same_imports = constant_market_shares(x0, np.array(LAST_EXPORTS, float), m0, m0)
    assert same_imports.market_share == pytest.approx(
        same_imports.last_share - same_imports.first_share
    )
    for effect in ("commodity_composition", "market_composition", "market_adaptation"):
        assert getattr(same_imports, effect) == pytest.approx(0, abs=1e-15)


def test_the_unit_does_not_matter() -> None:
    tables = [np.array(t, float) for t in (FIRST_EXPORTS, LAST_EXPORTS, FIRST_IMPORTS)]
    last = np.array(LAST_IMPORTS, float)
    one = constant_market_shares(*tables, last)
    thousand = constant_market_shares(*(1000 * table for table in tables), 1000 * last)
    assert one.total == pytest.approx(thousand.total)
    assert one.market_adaptation == pytest.approx(thousand.market_adaptation)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({0: [[20, 10]]}, "importers × products"),
        ({0: [[-1, 10], [5, 0]]}, "not negative"),
        ({1: [[float("nan"), 10], [5, 0]]}, "finite"),
        ({0: [[101, 10], [5, 0]]}, "importer 0, product 0: exports 101 exceed all imports 100"),
        ({0: np.zeros((2, 2)), 2: np.zeros((2, 2))}, "no share is defined"),
    ],
)
def test_wrong_tables_are_named(change: dict, words: str) -> None:
    tables = [FIRST_EXPORTS, LAST_EXPORTS, FIRST_IMPORTS, LAST_IMPORTS]
    for position, table in change.items():
        tables[position] = table
    with pytest.raises(MetricInput, match=words):
        constant_market_shares(*tables)
