"""A definition set made from co-location and input–output data: names in, names out.

Belongs here: from long tables to arrays, the order of the steps, the tables of the result. Does
not belong here: the formulas (`derivation`), reading files and releases (`pipelines.commands`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.errors import MetricInput
from pipelines.metrics import definitions
from pipelines.metrics.derivation import (
    Function,
    Scores,
    agreement,
    candidates,
    coagglomeration,
    combined,
    input_output,
    location_correlation,
    relatedness,
    settle_outliers,
    traded_industries,
    validate,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Derived:
    """A definition set and what it rests on.

    Attributes:
        definitions: columns of `definitions.COLUMNS`.
        quality: a row per grouping that was tried, best first, and one for the set as it was
            settled: scores by similarity, agreement with another set.
        clusters: a row per traded cluster: industries, jobs, within and between relatedness.
        industries: a row per industry: measures of being traded, relatedness, cluster.
        moves: industries that were moved, in order.
    """

    definitions: pl.DataFrame
    quality: pl.DataFrame
    clusters: pl.DataFrame
    industries: pl.DataFrame
    moves: pl.DataFrame


def derive(
    cells: pl.DataFrame,
    *,
    scheme: str,
    version: str,
    industry_scheme: str,
    sizes: Sequence[int],
    functions: Sequence[Function] = ("ward", "kmeans"),
    flows: pl.DataFrame | None = None,
    flow_codes: pl.DataFrame | None = None,
    titles: dict[str, str] | None = None,
    compare: dict[str, str] | None = None,
    local_digits: int = 3,
    settle: bool = True,
    seed: int = 0,
) -> Derived:
    """Group industries by where they locate and whom they trade with.

    1. An industry is traded or local by the three measures of `traded_industries`.
    2. Traded industries: correlation of jobs (and of establishments, where given) over regions,
       co-agglomeration, and input–output links, where given; combined.
    3. Every function and number of clusters is tried; the best validation score is taken.
    4. Industries that belong more to another cluster are moved (`settle`), if the score rises.
    5. Local industries are grouped by the first `local_digits` characters of their code.

    A cell whose jobs are withheld is estimated, for relatedness only, as its establishments times
    the jobs per establishment of its industry where both are known.

    Args:
        cells: region, industry (one level of codes), employment, and establishments if there are
            any. Regions of some size: states or economic areas.
        scheme, version, industry_scheme: written into the set.
        sizes, functions: what to try.
        flows: supplier, user, value; over codes of an input–output table.
        flow_codes: industry_code (a prefix), flow_code: to which code of `flows` industries belong.
        titles: code → words, for the names of clusters.
        compare: code → cluster of another set; its agreement is in `quality`.
        seed: of k-means.

    Raises:
        MetricInput: a cell twice, figures that are negative or cannot be estimated, too few
            traded industries for the numbers asked for.

    Source:
        Delgado, M., Porter, M. and Stern, S. (2016), Defining clusters of related industries,
        Journal of Economic Geography 16(1), 1-38. Occupations are not used here, and step 4 is a
        rule where the paper judges.
    """
    regions, industries, jobs, firms = _dense(cells)
    measures = traded_industries(jobs)
    at = np.flatnonzero(measures.traded)
    if at.size <= max(sizes, default=1):
        raise MetricInput(
            f"{at.size} of {len(industries)} industries are traded: too few for {max(sizes)} "
            "clusters"
        )
    codes = [industries[i] for i in at]
    similar = {
        "lc_employment": location_correlation(jobs[:, at]),
        "coi": coagglomeration(jobs[:, at], jobs.sum(axis=1)),
    }
    if firms is not None:
        similar["lc_establishments"] = location_correlation(firms[:, at])
    if flows is not None:
        if flow_codes is None:
            raise MetricInput("flows need flow_codes: to which of their codes industries belong")
        similar["io"] = _spread_flows(flows, flow_codes, codes)
    tried = candidates(similar, sizes, functions, seed=seed)
    labels, moves = tried[0].labels, []
    together = combined(list(similar.values()))
    function: str = tried[0].function
    if settle:
        settled, steps = settle_outliers(labels, together)
        # the moves follow the combined similarity; they are kept if the scores agree
        if validate(settled, similar).overall > tried[0].scores.overall:
            labels, moves, function = settled, steps, f"{function} settled"
    size = jobs.sum(axis=0)
    names = _names(labels, codes, size[at], titles or {})
    sets = _definitions(
        industries, dict(zip(codes, (names[k] for k in labels), strict=True)), local_digits
    ).with_columns(
        pl.lit(scheme).alias("scheme"),
        pl.lit(version).alias("version"),
        pl.lit(industry_scheme).alias("industry_scheme"),
        pl.lit("").alias("sub_cluster"),
    )
    rows = [
        _quality(c.function, c.clusters, c.labels, c.scores, codes, compare, seed, len(regions))
        for c in tried
    ]
    final = _quality(
        function,
        int(labels.max() + 1), labels, validate(labels, similar), codes, compare, seed,
        len(regions),
    )  # fmt: skip
    within, between = relatedness(labels, together)
    return Derived(
        sets.select(list(definitions.COLUMNS)),
        pl.DataFrame([{**final, "is_chosen": True}, *({**r, "is_chosen": False} for r in rows)]),
        _clusters(names, labels, size[at], within[0], between[0]),
        _industries(industries, size, measures, at, labels, names, within[1], between[1]),
        pl.DataFrame(
            [{"industry_code": codes[i], "move": n + 1} for n, (i, _, _) in enumerate(moves)],
            schema={"industry_code": pl.String, "move": pl.Int64},
        ),
    )


def _dense(
    cells: pl.DataFrame,
) -> tuple[list[str], list[str], Floats, Floats | None]:
    keys = pl.struct("region", "industry")
    doubled = cells.filter(keys.is_duplicated())
    if not doubled.is_empty():
        region, industry = doubled.select("region", "industry").row(0)
        raise MetricInput(f"region {region!r} has industry {industry!r} twice")
    figures = [n for n in ("employment", "establishments") if n in cells.columns]
    for name in figures:
        if (cells[name] < 0).any():
            raise MetricInput(f"{name} is negative")
    table = cells
    if "establishments" in figures:
        known = table.filter(
            pl.col("employment").is_not_null() & pl.col("establishments").is_not_null()
        )
        per = known.group_by("industry").agg(
            (pl.col("employment").sum() / pl.col("establishments").sum()).alias("per_plant")
        )
        over_all = known["employment"].sum() / max(known["establishments"].sum(), 1)
        table = table.join(per, on="industry", how="left").with_columns(
            pl.coalesce(
                "employment",
                pl.col("establishments") * pl.col("per_plant").fill_nan(None).fill_null(over_all),
            )
        )
    gap = table.filter(pl.col("employment").is_null())
    if not gap.is_empty():
        raise MetricInput(
            f"region {gap['region'][0]!r}, industry {gap['industry'][0]!r}: neither jobs nor "
            "establishments to estimate them from"
        )
    regions = sorted(table["region"].unique())
    totals = table.group_by("industry").agg(pl.col("employment").sum())
    industries = sorted(totals.filter(pl.col("employment") > 0)["industry"])
    table = table.filter(pl.col("industry").is_in(industries))
    r = table["region"].replace_strict(regions, range(len(regions))).to_numpy()
    i = table["industry"].replace_strict(industries, range(len(industries))).to_numpy()
    dense = []
    for name in figures:
        values = np.zeros((len(regions), len(industries)))
        values[r, i] = table[name].fill_null(0.0).to_numpy()
        dense.append(values)
    return regions, industries, dense[0], dense[1] if len(dense) > 1 else None


def _spread_flows(flows: pl.DataFrame, flow_codes: pl.DataFrame, codes: list[str]) -> Floats:
    """Links of industries: those of the coarser codes they belong to; NaN where in none."""
    known = sorted(set(flows["supplier"]) & set(flows["user"]))
    square = np.zeros((len(known), len(known)))
    place = {code: n for n, code in enumerate(known)}
    inside = flows.filter(pl.col("supplier").is_in(known) & pl.col("user").is_in(known))
    for supplier, user, value in inside.select("supplier", "user", "value").iter_rows():
        square[place[supplier], place[user]] += value or 0.0
    links = input_output(square, within=True)
    owner = dict(flow_codes.select("industry_code", "flow_code").iter_rows())
    at = [
        place.get(owner.get(definitions.longest_prefix(code, owner) or "", ""), -1)
        for code in codes
    ]
    if not any(n >= 0 for n in at):
        raise MetricInput("no industry of the cells belongs to a code of the flows")
    index = np.array(at)
    spread = links[np.ix_(np.maximum(index, 0), np.maximum(index, 0))]
    spread[index < 0, :] = spread[:, index < 0] = np.nan
    np.fill_diagonal(spread, np.nan)
    return spread


def _names(
    labels: NDArray[np.int64], codes: list[str], size: Floats, titles: dict[str, str]
) -> list[str]:
    """`01 <largest industry>`; the number keeps names apart."""
    names = []
    for k in range(int(labels.max() + 1)):
        members = np.flatnonzero(labels == k)
        largest = codes[int(members[size[members].argmax()])]
        names.append(f"T{k + 1:02d} {titles.get(largest, largest)}")
    return names


def _definitions(industries: list[str], traded: dict[str, str], local_digits: int) -> pl.DataFrame:
    rows = [
        {
            "industry_code": code,
            "cluster": traded.get(code, f"L {code[:local_digits]}"),
            "class": "traded" if code in traded else "local",
        }
        for code in industries
    ]
    return pl.DataFrame(rows)


def _quality(
    function: str,
    clusters: int,
    labels: NDArray[np.int64],
    scores: Scores,
    codes: list[str],
    compare: dict[str, str] | None,
    seed: int,
    regions: int,
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "function": function,
        "clusters_count": clusters,
        "industries_count": len(codes),
        "regions_count": regions,
        "seed": seed,
        "score": scores.overall,
    }
    for name, parts in scores.by_similarity.items():
        row |= {f"{name}_{part}": value for part, value in parts.items()}
    both = [i for i, code in enumerate(codes) if compare and code in compare]
    row["agreement"] = (
        agreement(labels[both], np.array([compare[codes[i]] for i in both]))
        if compare and len(both) > 1
        else None
    )
    return row


def _clusters(
    names: list[str], labels: NDArray[np.int64], size: Floats, within: Floats, between: Floats
) -> pl.DataFrame:
    rows = []
    for k, name in enumerate(names):
        rows.append(
            {
                "cluster": name,
                "industries_count": int((labels == k).sum()),
                "employment": float(size[labels == k].sum()),
                "within": float(within[k]),
                "between_mean": float(np.nanmean(between[k])) if len(names) > 1 else float("nan"),
                "between_greatest": float(np.nanmax(between[k]))
                if len(names) > 1
                else float("nan"),
            }
        )
    return pl.DataFrame(rows).with_columns(pl.selectors.float().fill_nan(None))


def _industries(
    industries: list[str],
    size: Floats,
    measures: Any,
    at: NDArray[np.int64],
    labels: NDArray[np.int64],
    names: list[str],
    within: Floats,
    between: Floats,
) -> pl.DataFrame:
    place = {int(i): n for n, i in enumerate(at)}
    rows = []
    for i, code in enumerate(industries):
        n = place.get(i)
        some = n is not None and np.isfinite(between[n]).any()
        rows.append(
            {
                "industry_code": code,
                "employment": float(size[i]),
                "class": "traded" if n is not None else "local",
                "specialised_share": float(measures.specialised_share[i]),
                "top_lq": float(measures.top_lq[i]),
                "gini": float(measures.gini[i]),
                "cluster": names[labels[n]] if n is not None else None,
                "within": float(within[n]) if n is not None else None,
                "next_cluster": names[int(np.nanargmax(between[n]))] if some else None,
                "next_within": float(np.nanmax(between[n])) if some else None,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(
        pl.selectors.float().fill_nan(None)
    )
