"""Entry and concentration; ICT × cluster: simulations with known coefficients."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics import gradients as gr
from pipelines.metrics import interaction as ia


def test_gradient_by_hand_and_its_interval() -> None:
    gamma = np.arange(12) / 100
    entry = gamma.copy()
    entry[[0, 1]] = entry[[1, 0]]
    found = gr.entry_concentration_gradient(gamma, entry, draws=200)
    assert found.rho == pytest.approx(1 - 6 * 2 / (12 * 143))
    assert found.lower <= found.rho <= found.upper <= 1 and found.industries == 12
    assert gr.entry_concentration_gradient(gamma, entry, draws=200) == found
    few = gr.entry_concentration_gradient(gamma[:9], entry[:9])
    assert np.isnan(few.rho) and few.industries == 9
    gap = np.where(np.arange(12) < 4, np.nan, entry)
    assert np.isnan(gr.entry_concentration_gradient(gamma, gap).rho)


def test_gradient_interval_covers_a_known_correlation() -> None:
    """Bivariate normal with r = 0.5: Spearman's ρ = (6/π)·asin(r/2) = 0.4826."""
    truth, held, rng = 6 / np.pi * np.arcsin(0.25), [], np.random.default_rng(2)
    for seed in range(150):
        x = rng.normal(size=80)
        y = 0.5 * x + np.sqrt(0.75) * rng.normal(size=80)
        found = gr.entry_concentration_gradient(x, y, draws=199, seed=seed)
        held.append(found.lower <= truth <= found.upper)
    assert 0.88 <= np.mean(held) <= 0.99


def test_panel_recovers_convergence_and_agglomeration() -> None:
    rng = np.random.default_rng(7)
    region, industry, year = (v.ravel() for v in np.meshgrid(range(40), range(15), range(3)))
    place, what = rng.normal(size=(40, 3)), rng.normal(size=(15, 3))
    own = np.exp(rng.normal(4, 1, size=region.size) + place[region, year])
    related = np.exp(rng.normal(6, 1, size=region.size) + place[region, year])
    entry = (
        -0.02 * np.log1p(own)
        + 0.03 * np.log1p(related)
        + 0.1 * place[region, year]
        + 0.1 * what[industry, year]
        + 0.02 * rng.normal(size=region.size)
    )
    entry[5], own[9] = np.nan, np.nan
    found = gr.entry_panel(entry, own, related, region, industry, year)
    assert found.convergence == pytest.approx(-0.02, abs=3 * found.fit.errors[0])
    assert found.agglomeration == pytest.approx(0.03, abs=3 * found.fit.errors[1])
    assert (found.fit.errors < 0.002).all() and found.fit.observations == 1798
    assert found.fit.absorbed < 15 * 3 + 1  # region × year lies within the clusters
    # without the effects of regions the estimate is far off: they are needed
    naive = np.linalg.lstsq(
        np.column_stack([np.log1p(own), np.log1p(related), np.ones(own.size)])[
            np.isfinite(own + entry)
        ],
        entry[np.isfinite(own + entry)],
        rcond=None,
    )[0]
    assert abs(naive[0] + 0.02) > 5 * found.fit.errors[0]
    with pytest.raises(MetricInput, match="not negative"):
        gr.entry_panel([1.0], [-1.0], [1.0], ["a"], ["b"], [1])


def world(seed: int, regions: int = 120, delta: float = 0.3, ict: float = 0.0) -> dict:
    rng = np.random.default_rng(seed)
    region, cluster = (v.ravel() for v in np.meshgrid(range(regions), range(12)))
    lq = rng.lognormal(0, 0.8, size=region.size)
    broadband = rng.beta(6, 3, size=regions)[region]
    trend, shock = rng.normal(size=12)[cluster], 0.1 * rng.normal(size=regions)[region]
    strength = np.log1p(lq)
    centred = broadband - broadband.mean()
    outcome = (
        -0.05 * strength
        + ict * centred
        + delta * strength * centred
        + trend
        + shock
        + 0.1 * rng.normal(size=region.size)
    )
    return {
        "outcome": outcome,
        "lq": lq,
        "broadband": broadband,
        "region": region,
        "cluster": cluster,
    }


def test_interaction_recovers_what_was_put_in() -> None:
    """δ = 0.3, β₁ = −0.05, β₂ = 0: ICT alone does nothing, inside clusters it pays."""
    found = ia.ict_cluster_interaction(**world(1))
    assert found.delta.value == pytest.approx(0.3, abs=3 * found.delta.error)
    assert found.delta.lower > 0 and found.delta.p_value < 0.001
    assert found.cluster.value == pytest.approx(-0.05, abs=3 * found.cluster.error)
    assert found.broadband.lower < 0 < found.broadband.upper
    assert found.method == "clustered" and found.regions == 120
    effect = found.broadband.value + found.delta.value * np.log1p(found.lq_p75)
    assert found.at_p75.value == pytest.approx(effect)
    assert found.at_p75.value - found.at_p25.value == pytest.approx(found.premium.value)
    world_lq = world(1)["lq"]
    assert found.lq_p25 == pytest.approx(np.quantile(world_lq, 0.25))


def test_interaction_is_not_found_where_there_is_none() -> None:
    p = [ia.ict_cluster_interaction(**world(s, 60, 0.0)).delta.p_value for s in range(150)]
    assert np.mean(np.array(p) <= 0.05) < 0.1


def test_few_regions_get_the_wild_bootstrap() -> None:
    found = ia.ict_cluster_interaction(**world(3, 20, 0.5), draws=199)
    assert found.method == "wild bootstrap" and found.delta.lower < 0.5 < found.delta.upper
    clustered = ia.ict_cluster_interaction(**world(3, 45, 0.5), draws=199)
    assert clustered.method == "clustered"


def test_region_effects_leave_the_interaction_only() -> None:
    found = ia.ict_cluster_interaction(**world(4), region_effects=True)
    assert found.delta.value == pytest.approx(0.3, abs=3 * found.delta.error)
    assert np.isnan(found.broadband.value) and np.isnan(found.at_p25.value)
    assert found.premium.value == pytest.approx(
        found.delta.value * (np.log1p(found.lq_p75) - np.log1p(found.lq_p25))
    )


def test_controls_gaps_and_periods() -> None:
    rows = world(5)
    rows["lq"] = np.where(np.arange(rows["lq"].size) % 7 == 0, np.nan, rows["lq"])
    rng = np.random.default_rng(0)
    control = rng.normal(size=(rows["lq"].size, 1))
    rows["outcome"] = rows["outcome"] + 0.8 * control[:, 0]
    found = ia.ict_cluster_interaction(**rows, controls=control, period=rows["region"] % 2)
    assert found.delta.value == pytest.approx(0.3, abs=3 * found.delta.error)
    assert found.observations <= np.isfinite(rows["lq"]).sum()
    with pytest.raises(MetricInput, match="not negative"):
        ia.ict_cluster_interaction(**{**rows, "lq": -rows["broadband"]})
    with pytest.raises(MetricInput, match="no row"):
        ia.ict_cluster_interaction(**{**rows, "lq": np.full(rows["lq"].size, np.nan)})


def test_placebo_passes_by_construction_and_fails_where_growth_came_first() -> None:
    rows = world(6)
    real = ia.ict_cluster_interaction(**rows)
    before = {**rows, "outcome": world(60, delta=0.0)["outcome"]}
    check = ia.placebo(real, before.pop("outcome"), **before)
    assert check.passed and check.real is real
    earlier = ia.placebo(
        real, rows["outcome"], rows["lq"], rows["broadband"], rows["region"], rows["cluster"]
    )
    assert not earlier.passed
