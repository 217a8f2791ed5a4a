"""γ from businesses by class of employment: by hand, under chance, and with perturbed counts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics import band_concentration as bc

ONE = {"small": (2.0, 2.0), "none": None}  # a class without a width: each business has 2 jobs


def cells(counts: dict[tuple[str, str, str], int]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"area": area, "industry": industry, "size_class": size, "businesses": n}
            for (area, industry, size), n in counts.items()
        ]
    ).with_columns(period_year=2024)


def test_gamma_by_hand() -> None:
    """Mines: 8 of 10 businesses in a, 2 in b; farms 2 and 8: x = (½, ½), s = (0.8, 0.2), H = 1/10.

    G = 0.3² + 0.3² = 0.18, 1 − Σx² = ½, γ = (0.18 − ½ · 0.1) / (½ · 0.9) = 0.13 / 0.45; nothing is
    perturbed, since every total is that of its classes.
    """
    counts = {
        (area, industry, size): n
        for area, industry, n in (("a1", "B", 8), ("b1", "B", 2), ("a1", "A", 2), ("b1", "A", 8))
        for size in ("small", bc.TOTAL)
    }
    found = bc.band_concentrations(cells(counts), {"place": 1}, classes=ONE, draws=19)
    mines = found.row(by_predicate=pl.col("industry") == "B", named=True)
    assert mines["raw_concentration"] == pytest.approx(0.18)
    assert mines["herfindahl_plants"] == pytest.approx(0.1)
    assert mines["perturbation_part"] == pytest.approx(0, abs=1e-15)
    for name in ("gamma", "gamma_lower", "gamma_upper"):
        assert mines[name] == pytest.approx(0.13 / 0.45)
    assert (mines["regions_count"], mines["plants_count"], mines["geo_type"]) == (2, 10, "place")


def test_businesses_without_jobs_change_nothing() -> None:
    counts = {
        (area, industry, "small"): n
        for area, industry, n in (("a", "B", 8), ("b", "B", 2), ("a", "A", 2), ("b", "A", 8))
    }
    without = bc.band_concentrations(cells(counts), {"area": 1}, classes=ONE, draws=19)
    more = {**counts, ("a", "B", "none"): 500}
    with_them = bc.band_concentrations(cells(more), {"area": 1}, classes=ONE, draws=19)
    assert with_them["raw_concentration"].to_list() == without["raw_concentration"].to_list()


def test_gamma_is_zero_under_chance_and_not_with_the_spread_in_h() -> None:
    """Businesses of all classes thrown at random over 40 areas: γ averages 0."""
    rng, areas, n = np.random.default_rng(5), 40, (400, 120, 30, 4)
    share = rng.dirichlet(np.full(areas, 3.0))
    names = [name for name, limits in bc.ABS_CLASSES.items() if limits]
    gammas = []
    for _ in range(60):
        counts: dict[tuple[str, str, str], int] = {}
        for size, count in zip(names, n, strict=True):
            # other industries: many, as the shares say, so that they are the reference
            many = np.rint(share * count * 400).astype(int)
            for industry, thrown in (("X", rng.multinomial(count, share)), ("Y", many)):
                for at, number in enumerate(thrown):
                    counts[f"{at:02d}", industry, size] = int(number)
        found = bc.band_concentrations(cells(counts), {"area": 2}, draws=19)
        gammas.append(found.filter(industry="X")["gamma"][0])
    error = np.std(gammas, ddof=1) / np.sqrt(len(gammas))
    assert abs(np.mean(gammas)) < 4 * error
    assert error < 0.002


def test_known_noise_is_found_and_taken_out() -> None:
    """Small cells with a variance of 1.5, others of 4, in totals and classes alike."""
    rng = np.random.default_rng(11)
    truth = np.where(rng.random((6000, 4)) < 0.5, 2.0, 60.0)
    spread = np.where(truth <= bc.SMALL, np.sqrt(1.5), 2.0)
    classes = truth + spread * rng.choice([-1.0, 1.0], size=truth.shape) * (truth > bc.SMALL)
    small = np.where(rng.random(truth.shape) < 0.5, 1.0, 3.0)  # variance 1 about 2
    classes = np.where(truth <= bc.SMALL, small, classes)
    totals = truth.sum(axis=1) + 2.0 * rng.choice([-1.0, 1.0], size=6000)
    noise = bc.perturbation(classes, totals)
    assert noise.small == pytest.approx(1.0, abs=0.15)
    assert noise.large == pytest.approx(4.0, abs=0.25)
    exact = bc.perturbation(truth, truth.sum(axis=1))
    assert (exact.small, exact.large) == (0.0, 0.0)
    assert bc.Noise(1.0, 4.0).of(np.array([0.0, 3.0, 4.0])).tolist() == [0.0, 1.0, 4.0]


def test_perturbation_widens_the_interval_and_lowers_gamma() -> None:
    rng, areas = np.random.default_rng(3), 30
    true = rng.poisson(12, size=(areas, 2))
    counts: dict[tuple[str, str, str], int] = {}
    for at in range(areas):
        for industry, n in zip("XY", true[at], strict=True):
            counts[f"{at:02d}", industry, "small"] = int(n)
            counts[f"{at:02d}", industry, bc.TOTAL] = int(n)
    exact = bc.band_concentrations(cells(counts), {"area": 2}, classes=ONE, draws=199)
    shaken = {
        key: n + int(rng.choice([-3, 3])) if key[2] == bc.TOTAL else n for key, n in counts.items()
    }
    noisy = bc.band_concentrations(cells(shaken), {"area": 2}, classes=ONE, draws=199)
    for plain, moved in zip(exact.rows(named=True), noisy.rows(named=True), strict=True):
        assert moved["raw_concentration"] == plain["raw_concentration"]
        assert moved["perturbation_part"] > 1e-6
        assert plain["perturbation_part"] == pytest.approx(0, abs=1e-15)
        assert moved["gamma"] < plain["gamma"]
        width = moved["gamma_upper"] - moved["gamma_lower"]
        assert plain["gamma_upper"] == pytest.approx(plain["gamma_lower"], abs=1e-12)
        assert width > 1e-4


def test_the_same_seed_gives_the_same_draws() -> None:
    rng = np.random.default_rng(2)
    counts = {
        (f"{at}", industry, size): int(rng.integers(1, 40))
        for at in range(9) for industry in "XY" for size in (*bc.ABS_CLASSES, bc.TOTAL)
    }  # fmt: skip
    one, two = (bc.band_concentrations(cells(counts), {"area": 1}, draws=49) for _ in range(2))
    assert one.equals(two)
    other = bc.band_concentrations(cells(counts), {"area": 1}, draws=49, seed=1)
    assert one["gamma_upper"].to_list() != other["gamma_upper"].to_list()


def test_wrong_input_is_refused() -> None:
    with pytest.raises(MetricInput, match="no limits are known for size classes \\['big'\\]"):
        bc.band_concentrations(cells({("a", "X", "big"): 1}), {"area": 1}, draws=19)
    with pytest.raises(MetricInput, match="do not fit"):
        bc.perturbation(np.ones((3, 2)), np.ones(2))
    assert bc.band_concentrations(
        cells({("a", "X", "small"): 9}), {"area": 1}, classes=ONE, draws=19
    ).is_empty()


def test_the_interval_stands_around_gamma(capsys: pytest.CaptureFixture[str]) -> None:
    """Plants at random, counts shaken: without the noise's part γ is 0, and the interval holds it.

    The open class is empty, so that no mean size is drawn: the interval is that of the noise.
    """
    one: dict[str, tuple[float, float] | None] = {"small": (1.0, 1.0), "open": (10.0, np.inf)}
    rng, found = np.random.default_rng(9), []
    for _ in range(60):
        rows = []
        for industry, n in (("it", 1800), ("rest", 60_000)):
            true = rng.multinomial(n, np.full(60, 1 / 60))
            for size_class in ("small", bc.TOTAL):  # a total is shaken apart from its class
                shaken = np.maximum(true + np.rint(5 * rng.standard_normal(60)), 0)
                rows += [
                    (2024, f"{area:03d}", industry, size_class, int(count))
                    for area, count in enumerate(shaken)
                ]
        names = ["period_year", "area", "industry", "size_class", "businesses"]
        frame = pl.DataFrame(rows, schema=names, orient="row")
        got = bc.band_concentrations(frame, {"area": 3}, classes=one, draws=200)
        row = got.filter(industry="it").row(0, named=True)
        assert row["gamma_lower"] < row["gamma"] < row["gamma_upper"]
        room = (1 - 1 / 60) * (1 - row["herfindahl_plants"])
        found.append((row["gamma"], row["gamma"] + row["perturbation_part"] / room))
    (clean, naive), error = np.mean(found, axis=0), np.std(found, axis=0)[0] / np.sqrt(60)
    print(f"shaken: γ {clean:.6f} ± {error:.6f}, with the noise left in {naive:.6f}")
    assert naive > 10 * error and abs(clean) < 0.2 * naive
    assert "left in" in capsys.readouterr().out
