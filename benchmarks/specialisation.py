"""Speed of the regional formulas at the size of a nation: `python benchmarks/specialisation.py`.

Synthetic cells of 3,130 regions × 30 clusters, 40 percent withheld; each part in a process of
its own, by `measure.py`.
"""

from __future__ import annotations

import sys

import numpy as np

from benchmarks.measure import cost

REGIONS, CLUSTERS, DRAWS = 3130, 30, 999


def cells() -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest jobs of every cell."""
    rng = np.random.default_rng(0)
    jobs = np.ceil(rng.lognormal(4, 2, size=(REGIONS, CLUSTERS)))
    hidden = rng.random(jobs.shape) < 0.4
    return np.where(hidden, np.floor(jobs / 3), jobs), np.where(hidden, jobs * 2, jobs)


def bounds() -> str:
    """LQ bounds of all cells."""
    from pipelines.metrics.specialisation import lq_bounds

    found = lq_bounds(*cells())
    return f"{np.isfinite(found.upper).sum():,} cells bounded"


def bootstrap() -> str:
    """Standardised LQ of all cells, 999 draws a cluster."""
    from pipelines.metrics.specialisation import location_quotient, standardised_lq

    found = standardised_lq(location_quotient(cells()[0]), draws=DRAWS)
    return f"{(found.p_value <= 0.05).sum():,} cells significant"


if __name__ == "__main__":
    for part in (bounds, bootstrap):
        if len(sys.argv) < 2 or sys.argv[1] == part.__name__:
            found = cost(part)
            print(
                f"{part.__name__}: wall {found.wall_seconds:.2f} s, CPU {found.cpu_seconds:.2f} s, "
                f"{found.peak_bytes / 2**20:.0f} MiB; {found.result}"
            )
