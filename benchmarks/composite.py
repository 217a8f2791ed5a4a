"""What the composite's uncertainty costs, and how wide rank bands are on figures of pure chance.

    python benchmarks/composite.py

21 units × 24 inputs × 10 years, a tenth of the cells missing, a tenth known within bounds only.

Belongs here: measuring. Does not belong here: the method (`pipelines.metrics`).
"""

from __future__ import annotations

import hashlib

import numpy as np

from benchmarks.measure import cost
from pipelines.metrics.composite import Input, Panel
from pipelines.metrics.uncertainty import Design, Model, rank_indices, simulate

SHAPE = (10, 21, 24)
DRAWS = 2_000


def design(seed: int = 5) -> Design:
    """A panel of chance: uniform cells, independent of each other."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(5, 95, SHAPE)
    values[rng.random(SHAPE) < 0.1] = np.nan
    vague = (rng.random(SHAPE) < 0.1) & ~np.isnan(values)
    lower = np.where(vague, values - 10, np.nan)
    upper = np.where(vague, values + 10, np.nan)
    inputs = tuple(Input(f"i{n:02d}", f"g{n % 7}", "b", 0, 100) for n in range(SHAPE[2]))
    panel = Panel(
        tuple(str(2014 + t) for t in range(SHAPE[0])),
        tuple(f"U{u:02d}" for u in range(SHAPE[1])),
        inputs,
        values,
        lower,
        upper,
    )
    return Design(panel, np.full(7, 1 / 7), ("x",) * SHAPE[1])


def run_draws() -> tuple[str, float, float]:
    """Hash of all ranks, median width of the 90 percent bands, share of pairs told apart."""
    ranking = simulate(Model(design(), seed=1), DRAWS)
    digest = hashlib.sha256(np.ascontiguousarray(ranking.ranks).tobytes()).hexdigest()[:12]
    width = float(np.nanmedian(ranking.high - ranking.low))
    known = ~np.isnan(ranking.ahead) & ~np.eye(SHAPE[1], dtype=bool)
    return digest, width, float(ranking.distinguishable()[known].mean())


def run_indices() -> float:
    """Largest standard error of a total index, base sample 1,024, one year."""
    return float(np.nanmax(rank_indices(Model(design(), seed=1), 9, 1024).total_error))


def main() -> None:
    first, second, indices = cost(run_draws), cost(run_draws), cost(run_indices)
    digest, width, apart = first.result
    print(f"{DRAWS:,} draws, {SHAPE[1]} units × {SHAPE[2]} inputs × {SHAPE[0]} years:")
    print(f"  wall {first.wall_seconds:.1f} s, CPU {first.cpu_seconds:.1f} s, ", end="")
    print(f"peak {first.peak_bytes / 2**20:.0f} MiB")
    print(f"  same seed, same ranks: {digest == second.result[0]} ({digest})")
    print(f"  median width of a 90 % band: {width:g} ranks; pairs told apart: {apart:.0%}")
    print("Sobol' indices of ranks in one year, base 1,024 (8,192 evaluations): ", end="")
    print(f"wall {indices.wall_seconds:.1f} s, largest standard error {indices.result:.3f}")


if __name__ == "__main__":
    main()
