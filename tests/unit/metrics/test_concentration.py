"""Concentration: by hand, under chance, and with withheld shares."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics import concentration as co


def test_gamma_by_hand() -> None:
    """x = (½, ½), s = (0.8, 0.2), H = 0.1: G = 0.18, 1 − Σx² = ½, γ = 0.13/0.45."""
    found = co.ellison_glaeser([0.8, 0.2], [0.5, 0.5], 0.1)
    assert found.raw == pytest.approx(0.18)
    assert found.gamma == pytest.approx(0.13 / 0.45)


def test_gamma_is_one_where_many_plants_share_a_place_and_nan_for_one_plant() -> None:
    everywhere = np.full(1000, 1e-3)
    s = np.zeros(1000)
    s[0] = 1
    # x of the place is small: the whole industry there is as localised as can be
    assert co.ellison_glaeser(s, everywhere, 1e-4).gamma == pytest.approx(1, abs=1e-3)
    assert np.isnan(co.ellison_glaeser(s, everywhere, 1.0).gamma)


def throw(sizes: np.ndarray, x: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Shares by region of each draw, plant by plant."""
    rng = np.random.default_rng(seed)
    s = np.zeros((draws, x.size))
    for draw in s:
        np.add.at(draw, rng.choice(x.size, size=sizes.size, p=x), sizes)
    return s / sizes.sum()


def test_gamma_is_zero_under_chance_and_the_naive_version_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Plants of fixed log-normal sizes at random places: γ averages 0, with H = 1/n it does not."""
    rng = np.random.default_rng(8)
    sizes, x = rng.lognormal(3, 1.6, size=300), rng.dirichlet(np.full(40, 0.8))
    h = co.herfindahl(sizes)
    s = throw(sizes, x, 1500, 1)
    right = np.array([co.ellison_glaeser(row, x, h).gamma for row in s])
    naive = np.array([co.ellison_glaeser(row, x, 1 / sizes.size).gamma for row in s])
    error = right.std(ddof=1) / np.sqrt(right.size)
    print(f"under chance: γ {right.mean():.5f} ± {error:.5f}, with 1/n {naive.mean():.5f}")
    assert abs(right.mean()) < 4 * error
    assert naive.mean() > 20 * error and naive.mean() > 0.01
    assert naive.mean() == pytest.approx((h - 1 / 300) / (1 - 1 / 300), rel=0.1)
    assert "1/n" in capsys.readouterr().out


def test_gamma_recovers_the_probability_of_following() -> None:
    """Ellison and Glaeser's model: any two plants choose together with chance γ."""
    rng = np.random.default_rng(4)
    x, sizes = np.full(50, 0.02), rng.lognormal(2, 1, size=80)
    h, found = co.herfindahl(sizes), []
    for _ in range(1500):
        places = rng.choice(50, size=80, p=x)
        # correlation γ of two plants' choices: all follow the leader with chance sqrt(γ) each
        follow = rng.random(80) < np.sqrt(0.2)
        places[follow] = rng.choice(50, p=x)
        s = np.bincount(places, weights=sizes, minlength=50) / sizes.sum()
        found.append(co.ellison_glaeser(s, x, h).gamma)
    assert np.mean(found) == pytest.approx(0.2, abs=4 * np.std(found) / np.sqrt(1500))


def test_interval_under_chance_agrees_with_throwing_plants() -> None:
    rng = np.random.default_rng(2)
    sizes, x = rng.lognormal(3, 1.2, size=120), rng.dirichlet(np.ones(15))
    h = co.herfindahl(sizes)
    plain = [co.ellison_glaeser(row, x, h).gamma for row in throw(sizes, x, 4000, 3)]
    found = co.gamma_under_chance(sizes, x, draws=4000, seed=9, observed=0.2)
    width = np.quantile(plain, 0.975) - np.quantile(plain, 0.025)
    assert found.lower == pytest.approx(np.quantile(plain, 0.025), abs=0.05 * width)
    assert found.upper == pytest.approx(np.quantile(plain, 0.975), abs=0.08 * width)
    assert abs(found.mean) < 0.05 * width
    assert found.p_value == 1 / 4001


def test_grouped_small_plants_keep_the_interval() -> None:
    """3,000 plants: 400 drawn singly, the rest in groups; both ways of drawing a group are used."""
    rng = np.random.default_rng(6)
    sizes, x = rng.lognormal(2, 1.5, size=3000), rng.dirichlet(np.ones(20))
    h = co.herfindahl(sizes)
    plain = [co.ellison_glaeser(row, x, h).gamma for row in throw(sizes, x, 1500, 3)]
    found = co.gamma_under_chance(sizes, x, draws=3000, seed=1)
    width = np.quantile(plain, 0.975) - np.quantile(plain, 0.025)
    assert found.lower == pytest.approx(np.quantile(plain, 0.025), abs=0.08 * width)
    assert found.upper == pytest.approx(np.quantile(plain, 0.975), abs=0.12 * width)
    again = co.gamma_under_chance(sizes, x, draws=3000, seed=1)
    assert (found.lower, found.upper) == (again.lower, again.upper)
    assert np.isnan(co.gamma_under_chance([5], x).lower)


LOWER = [1, 5, 10, 20, 50, 100, 250, 500, 1000]
UPPER = [4, 9, 19, 49, 99, 249, 499, 999, np.inf]


def test_plants_keep_their_class_and_the_total() -> None:
    counts = [40, 30, 25, 20, 10, 8, 4, 2, 3]
    for total in (7200.0, 9000.0, 15000.0, 60000.0):
        plants = co.plants_from_bins(counts, LOWER, UPPER, total=total)
        assert plants.sizes.sum() == pytest.approx(total)
        assert plants.sizes.size == sum(counts)
        classes = np.searchsorted(np.array(LOWER) - 1e-9, plants.sizes, side="right") - 1
        assert (np.diff(plants.sizes) <= 0).all()
        assert (classes[:3] >= 7).all()
        ascending = np.sort(plants.sizes)
        assert (ascending[:40] <= 4 + 1e-9).all() and (ascending[:40] >= 1).all()
        assert (ascending[-3:] >= 1000 - 1e-6).all()
    with pytest.raises(MetricInput, match="142 plants of these classes have"):
        co.plants_from_bins(counts, LOWER, UPPER, total=3000)


def test_one_class_by_hand() -> None:
    """Two plants of 10 to 40, α = 1: mid-quantiles ¼ and ¾ give 10/(1 − ¾q)."""
    q = np.array([0.75, 0.25])
    expected = 10 / (1 - q * 0.75)
    total = float(expected.sum())
    plants = co.plants_from_bins([2], [10], [40], total=total)
    assert plants.alpha == pytest.approx(1, abs=1e-6)
    assert plants.sizes == pytest.approx(expected)
    closed = co.plants_from_bins([2], [10], [40], total=80)
    assert closed.sizes == pytest.approx([40, 40])
    assert co.plants_from_bins([2], [10], [40], total=20).sizes == pytest.approx([10, 10])


def test_exponent_from_counts_of_a_pareto_law() -> None:
    """900 above 100 and 300 above 300: α = ln 3 / ln 3 = 1; one class: Axtell's 1.059."""
    plants = co.plants_from_bins([600, 300], [100, 300], [299, np.inf])
    assert plants.alpha == pytest.approx(1.0)
    assert co.plants_from_bins([5], [100], [np.inf]).alpha == 1.059
    assert co.plants_from_bins([0], [1], [4]).sizes.size == 0


def test_herfindahl_from_classes_is_near_the_truth_and_one_over_n_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rng = np.random.default_rng(12)
    ratios, naive = [], []
    for _ in range(60):
        sizes = np.ceil(10 * rng.pareto(1.1, size=400) + 1)
        counts = np.histogram(sizes, bins=[*LOWER, np.inf])[0]
        made = co.plants_from_bins(counts, LOWER, UPPER, total=float(sizes.sum()))
        truth = co.herfindahl(sizes)
        ratios.append(co.herfindahl(made.sizes) / truth)
        naive.append(1 / sizes.size / truth)
    print(f"H from classes / true H: median {np.median(ratios):.2f}; 1/n: {np.median(naive):.2f}")
    assert np.median(ratios) == pytest.approx(1, abs=0.25)
    assert np.quantile(ratios, [0.1, 0.9]) == pytest.approx([1, 1], abs=0.5)
    assert np.median(naive) < 0.3
    assert "median" in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong",
    [
        ([1.5], [1], [4]),
        ([-1], [1], [4]),
        ([1], [0], [4]),
        ([1], [5], [4]),
        ([1, 2], [1], [4]),
    ],
)
def test_wrong_classes_are_refused(wrong: tuple) -> None:
    with pytest.raises(MetricInput):
        co.plants_from_bins(*wrong)


def test_bounds_of_gamma_hold_every_table() -> None:
    rng = np.random.default_rng(7)
    x = rng.dirichlet(np.ones(8))
    truth = rng.dirichlet(np.ones(8))
    hidden = rng.random(8) < 0.6
    low = np.where(hidden, truth * rng.random(8), truth)
    high = np.where(hidden, truth + 0.2 * rng.random(8), truth)
    least, most = co.gamma_bounds(low, high, x, 0.05)
    seen = []
    for _ in range(4000):
        s = low + rng.beta(0.3, 0.3, size=8) * (high - low)
        way = (high - s) if s.sum() < 1 else (low - s)
        s = s + (1 - s.sum()) / way.sum() * way if way.sum() else s
        if abs(s.sum() - 1) < 1e-9 and (s >= low - 1e-12).all() and (s <= high + 1e-12).all():
            seen.append(co.ellison_glaeser(s, x, 0.05).gamma)
    assert len(seen) > 1000
    assert least <= min(seen) and max(seen) <= most
    assert most - max(seen) < 0.25 * (most - least) and min(seen) - least < 0.1 * (most - least)
    point = co.ellison_glaeser(truth, x, 0.05).gamma
    assert co.gamma_bounds(truth, truth, x, 0.05) == pytest.approx((point, point), abs=1e-9)
    with pytest.raises(MetricInput, match="never to 1"):
        co.gamma_bounds(np.zeros(8), np.full(8, 0.01), x, 0.05)


@pytest.mark.parametrize("seed", range(20))
def test_bounds_of_gamma_are_the_optima_that_a_search_finds(seed: int) -> None:
    # the two one-dimensional searches that the sorted bends replace
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 40))
    x, truth = rng.dirichlet(np.ones(n)), rng.dirichlet(np.full(n, 0.3))
    low, high = truth * rng.choice([0, 0.5, 1], n), truth * rng.choice([1, 1.5, 30], n)
    high = np.minimum(high, 1)
    down, up = -1.0, 1.0
    for _ in range(200):
        middle = (down + up) / 2
        down, up = (down, middle) if np.clip(x + middle, low, high).sum() > 1 else (middle, up)
    nearest = ((np.clip(x + up, low, high) - x) ** 2).sum()

    def dual(price: float) -> float:
        return (
            price + np.maximum((low - x) ** 2 - price * low, (high - x) ** 2 - price * high).sum()
        )

    farthest = min(dual(price) for price in low + high - 2 * x)
    assert farthest <= min(dual(price) for price in np.linspace(-4, 4, 999)) + 1e-12
    room, h = 1 - (x**2).sum(), 0.05
    wanted = [(raw - room * h) / (room * (1 - h)) for raw in (nearest, max(farthest, nearest))]
    assert co.gamma_bounds(low, high, x, h) == pytest.approx(wanted, abs=1e-12)


def test_moments_of_sizes_by_hand() -> None:
    # shares 1/2, 1/4, 1/4: squares 1/4 + 2/16, fourth powers 1/16 + 2/256
    found = co.SizeMoments.of([10, 5, 5])
    assert (found.plants, found.second, found.fourth) == (3, 0.375, 0.0703125)
    assert found.second == co.herfindahl([10, 5, 5])
    assert np.isnan(co.SizeMoments.of([0, 0]).second) and np.isnan(co.SizeMoments.of([]).fourth)


def test_normalised_herfindahl_by_hand() -> None:
    """Shares ½, ¼, ¼ of 4 markets: H = 0.375, (0.375 − 0.25)/0.75 = 1/6; one of four is 1."""
    assert co.normalised_herfindahl([2, 1, 1], 4) == pytest.approx(1 / 6)
    assert co.normalised_herfindahl([7], 4) == 1.0
    assert co.normalised_herfindahl([3, 3, 3, 3]) == pytest.approx(0)
    assert np.isnan(co.normalised_herfindahl([7])) and np.isnan(co.normalised_herfindahl([0, 0]))
    with pytest.raises(MetricInput, match="3 are present of 2"):
        co.normalised_herfindahl([1, 1, 1], 2)


def test_locational_gini_by_hand() -> None:
    """x = (½, ½), s = (¾, ¼): ordered s 0.25, 0.75: 1 − ½(0.25 + 1.25) = 0.25."""
    assert co.locational_gini([0.75, 0.25], [0.5, 0.5]) == pytest.approx(0.25)
    assert co.locational_gini([0.3, 0.7], [0.3, 0.7]) == pytest.approx(0)
    assert co.locational_gini([1, 0, 0], [0.1, 0.4, 0.5]) == pytest.approx(0.9)


@pytest.mark.parametrize("wrong", [([0.5, 0.4], [0.5, 0.5], 0.1), ([1.0, 0], [0.5, 0.5], 0.0)])
def test_wrong_shares_are_refused(wrong: tuple) -> None:
    with pytest.raises(MetricInput):
        co.ellison_glaeser(*wrong)
