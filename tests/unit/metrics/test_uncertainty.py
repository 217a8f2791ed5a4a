"""Draws with known answers, and Sobol' indices against a function whose indices are known."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics.composite import Bounds, Input, Panel
from pipelines.metrics.uncertainty import (
    ASSUMPTIONS,
    Design,
    Model,
    rank_indices,
    saltelli,
    simulate,
    sobol_indices,
)

NAN = float("nan")


def design_of(values: np.ndarray, guidelines: int = 7, **changes: object) -> Design:
    """A design over (T, U, I) values whose inputs are dealt out to guidelines in turn."""
    values = np.asarray(values, dtype=float)
    blank = np.full(values.shape, NAN)
    inputs = tuple(
        Input(f"i{n:02d}", f"g{n % guidelines}", "b", 0, 100) for n in range(values.shape[2])
    )
    panel = Panel(
        tuple(str(2011 + t) for t in range(values.shape[0])),
        tuple(f"U{u:02d}" for u in range(values.shape[1])),
        inputs,
        values,
        blank,
        blank,
    )
    weights = np.full(len(panel.guidelines), 1 / len(panel.guidelines))
    return dataclasses.replace(Design(panel, weights, groups=("",) * len(panel.units)), **changes)


def random_values(seed: int = 5, shape: tuple[int, int, int] = (2, 21, 14)) -> np.ndarray:
    return np.random.default_rng(seed).uniform(10, 80, shape)


def test_a_unit_that_dominates_is_first_in_every_draw() -> None:
    values = random_values()
    values[:, 4] = values.max(axis=1) + 1
    ranking = simulate(Model(design_of(values), seed=1))
    assert (ranking.ranks[:, :, 4] == 1).all()
    assert (ranking.top(1)[:, 4] == 1).all()
    assert (np.delete(ranking.ahead[:, 4], 4, axis=1) == 1).all()
    assert np.delete(ranking.distinguishable()[:, 4], 4, axis=1).all()


def test_two_equal_units_are_not_distinguishable() -> None:
    values = random_values()
    values[:, 9] = values[:, 3]
    ranking = simulate(Model(design_of(values), seed=1))
    assert (ranking.ahead[:, 3, 9] == 0.5).all()
    assert not ranking.distinguishable()[:, 3, 9].any()
    assert np.array_equal(ranking.median[:, 3], ranking.median[:, 9])


def test_bounds_make_a_sure_lead_unsure() -> None:
    """One input decides between two units that are equal otherwise: 60 against 50. Known exactly,
    the first leads; known as 40 to 80 only, the lead holds in 3/4 of the draws that use it."""
    values = random_values(shape=(1, 6, 7))
    values[0, 1] = values[0, 0]
    values[0, 0, 0], values[0, 1, 0] = 60, 50
    design = design_of(values)
    sure = simulate(Model(design, seed=2))
    # the draws that leave the deciding input out are ties
    assert sure.ahead[0, 0, 1] == pytest.approx(1 - 0.5 / 8, abs=0.02)
    lower, upper = np.full(values.shape, NAN), np.full(values.shape, NAN)
    lower[0, 0, 0], upper[0, 0, 0] = 40, 80
    vague = dataclasses.replace(design.panel, lower=lower, upper=upper)
    unsure = simulate(Model(dataclasses.replace(design, panel=vague), seed=2))
    assert unsure.ahead[0, 0, 1] == pytest.approx(0.75 * 7 / 8 + 0.5 / 8, abs=0.03)
    assert not unsure.distinguishable()[0, 0, 1]


def test_a_margin_of_error_is_normal() -> None:
    """60 ± 10 at 90 percent against 50: the lead holds with Φ(1.645) = 0.95."""
    values = random_values(shape=(1, 6, 7))
    values[0, 1] = values[0, 0]
    values[0, 0, 0], values[0, 1, 0] = 60, 50
    design = design_of(values)
    lower, upper = np.full(values.shape, NAN), np.full(values.shape, NAN)
    lower[0, 0, 0], upper[0, 0, 0] = 50, 70
    inputs = (
        dataclasses.replace(design.panel.inputs[0], bounds=Bounds.INTERVAL_90),
        *design.panel.inputs[1:],
    )
    panel = dataclasses.replace(design.panel, inputs=inputs, lower=lower, upper=upper)
    ranking = simulate(Model(dataclasses.replace(design, panel=panel), seed=3), draws=4_000)
    assert ranking.ahead[0, 0, 1] == pytest.approx(0.95 * 7 / 8 + 0.5 / 8, abs=0.02)


def test_earlier_editions_are_drawn_too() -> None:
    """An edition in which the order was the other way round: half of the draws use it."""
    values = random_values(shape=(1, 6, 7))
    values[0, 1] = values[0, 0] - 1
    earlier = values.copy()
    earlier[0, 1] = earlier[0, 0] + 1
    ranking = simulate(Model(design_of(values, vintages=(earlier,)), seed=4))
    assert ranking.ahead[0, 0, 1] == pytest.approx(0.5, abs=0.04)


def test_units_without_a_score_are_in_no_ranking() -> None:
    values = random_values(shape=(1, 6, 7))
    values[0, 2, :3] = NAN  # four of seven guidelines
    ranking = simulate(Model(design_of(values), seed=1))
    assert np.isnan(ranking.median[0, 2]) and np.isnan(ranking.ahead[0, 2]).all()
    assert np.nanmax(ranking.ranks) == 5
    assert ranking.top(5)[0, [0, 1, 3, 4, 5]].tolist() == [1] * 5


def test_missing_figures_are_imputed_within_the_group_in_some_draws() -> None:
    """Unit 0 lacks one of two inputs of a guideline. Its group has 90 there, the others have 10:
    imputed from its group it gains, never from the others."""
    values = np.full((1, 4, 14), 50.0)
    values[0, 0, 0] = NAN
    values[0, 1, 0] = 90
    values[0, 2:, 0] = 10
    groups = ("rich", "rich", "poor", "poor")
    design = design_of(values, groups=groups, inputs_needed=0.5)
    model = Model(design, seed=1)
    draws = model.draw(2_000)
    figures = model._figures(draws, np.array([0]))[:, 0, 0, 0]
    assert np.isnan(figures[draws.donors < 0]).all()
    assert (figures[draws.donors >= 0] == 90).all()
    assert 0.45 < (draws.donors >= 0).mean() < 0.55


def test_the_same_seed_gives_the_same_figures() -> None:
    design = design_of(random_values())
    one, two, other = (simulate(Model(design, seed=s)).scores for s in (7, 7, 8))
    assert np.array_equal(one, two) and not np.array_equal(one, other)


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(MetricInput, match="at least 2,000"):
        simulate(Model(design_of(random_values()), seed=1), draws=1_999)


def test_weights_stay_on_the_simplex() -> None:
    model = Model(design_of(random_values(), guidelines=4), seed=1)
    draws = model.draw(500)
    belongs = model.design.panel.membership() > 0
    assert np.allclose(draws.input_weights @ belongs, 1)
    assert np.allclose(draws.guideline_weights.sum(axis=1), 1)
    assert draws.guideline_weights.mean(axis=0) == pytest.approx([0.25] * 4, abs=0.02)


# --- Sobol' indices ---------------------------------------------------------------------------


def ishigami(x: np.ndarray) -> np.ndarray:
    """sin x1 + 7 sin² x2 + 0.1 x3⁴ sin x1 (Ishigami and Homma 1990)."""
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_ishigami() -> None:
    """Known in closed form with a = 7, b = 0.1: V1 = (1 + bπ⁴/5)²/2, V2 = a²/8,
    V13 = b²π⁸(1/18 - 1/50); nothing else."""
    v1 = 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2
    v2 = 49 / 8
    v13 = 0.01 * np.pi**8 * (1 / 18 - 1 / 50)
    variance = v1 + v2 + v13
    rng = np.random.default_rng(11)
    a, b = rng.uniform(-np.pi, np.pi, (2, 2**16, 3))
    found = saltelli(ishigami, a, b)
    assert found.variance == pytest.approx(variance, rel=0.01)
    assert found.first == pytest.approx(np.array([v1, v2, 0]) / variance, abs=0.02)
    assert found.total == pytest.approx(np.array([v1 + v13, v2, v13]) / variance, abs=0.02)
    # the errors that it states are of the size of those that it makes
    assert np.abs(found.total - np.array([v1 + v13, v2, v13]) / variance).max() < (
        4 * found.total_error.max()
    )
    assert found.total_error.max() < 0.02


def test_indices_of_a_sum_are_its_shares() -> None:
    """Y = 3 X1 + X2 + constant: 0.9 and 0.1, first and total alike; a constant moves nothing."""
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 2**15, 2))
    found = saltelli(lambda x: 3 * x[:, 0] + x[:, 1] + 100, a, b)
    assert found.first == pytest.approx([0.9, 0.1], abs=0.03)
    assert found.total == pytest.approx([0.9, 0.1], abs=0.03)
    still = saltelli(lambda x: np.full(len(x), 5.0), a, b)
    assert np.isnan(still.total).all()


def test_shapes_that_are_no_design_are_refused() -> None:
    with pytest.raises(MetricInput, match="Saltelli"):
        sobol_indices(np.zeros(4), np.zeros(4), np.zeros((2, 5)))


def test_the_assumption_that_moves_a_unit_is_named() -> None:
    """Only the data are uncertain in effect: all units are equal in everything but one unit's
    one input, which is known within bounds only. Its rank moves by the data and by what decides
    whether they count (left out), and by no exponent."""
    values = np.full((1, 5, 7), 50.0)
    lower, upper = np.full(values.shape, NAN), np.full(values.shape, NAN)
    lower[0, 0, 0], upper[0, 0, 0] = 10, 90
    design = design_of(values)
    panel = dataclasses.replace(design.panel, lower=lower, upper=upper)
    indices = rank_indices(Model(dataclasses.replace(design, panel=panel), seed=1), 0, base=512)
    found = dict(zip(ASSUMPTIONS, indices.total[:, 0], strict=True))
    assert max(found, key=found.get) == "data"
    assert found["data"] > 0.9
    assert found["exponent"] == pytest.approx(0, abs=1e-12)
    assert found["imputation"] == pytest.approx(0, abs=1e-12)


def test_the_full_size_is_quick() -> None:
    """21 economies × 24 inputs × 10 years, 2,000 draws; the benchmark has the figure, this is a
    guard against a loop slipping in."""
    values = np.random.default_rng(5).uniform(10, 80, (10, 21, 24))
    values[np.random.default_rng(6).random(values.shape) < 0.1] = NAN
    started = time.process_time()
    simulate(Model(design_of(values), seed=1))
    assert time.process_time() - started < 40
