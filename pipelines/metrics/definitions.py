"""Cluster definitions: which industries make a cluster, checked and applied to cells.

A definition set is a table with a row per industry: scheme, version, industry_scheme,
industry_code, cluster, sub_cluster, class, and, where an industry is shared among clusters,
weight. An industry stands for all finer codes that begin with its code.

Belongs here: the rules of such a table and the aggregation of cells by it; pure functions over
frames. Does not belong here: reading files (`pipelines.commands.clusters`,
`pipelines.sources.cluster_definition`), making a set (`pipelines.metrics.relatedness`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from pipelines.errors import MetricInput

# (column, may it be empty, what it holds)
COLUMNS: dict[str, str] = {
    "scheme": "name of the set",
    "version": "its version; any change of a row gives a new one",
    "industry_scheme": "classification of the code: NAICS2017, NAICS2022, ISIC4, HS, or your own",
    "industry_code": "code as text; it stands for all finer codes that begin with it",
    "cluster": "name of the cluster",
    "sub_cluster": "name of the part of the cluster; may be empty",
    "class": "traded, local, or excluded (deliberately in no cluster)",
}
OPTIONAL = ("sub_cluster",)
CLASSES = ("traded", "local", "excluded")
WEIGHT = "weight"
# In HS a chapter may be given as default with finer exceptions; elsewhere that is a double entry.
NESTED_SCHEMES = ("HS",)
WEIGHT_TOLERANCE = 1e-6
_ALIASES = {"subcluster": "sub_cluster", "cluster_class": "class", "scheme_version": "version"}


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong. `row` counts the file's lines, the header being 1; 0 = the file."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        where = f"row {self.row}, {self.column}" if self.row else self.column
        return f"{where}: {self.reason}"


def header(name: str) -> str:
    """A column's name as this module knows it: `Sub-cluster` and `sub cluster` are sub_cluster."""
    plain = re.sub(r"[\s-]+", "_", name.strip().lower())
    return _ALIASES.get(plain, plain)


def cluster_id(name: str) -> str:
    """snake_case id of a cluster's name: `Food & beverages` is food_beverages."""
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")


def problems(
    definitions: pl.DataFrame, industries: Mapping[str, Collection[str]] | None = None
) -> list[Problem]:
    """Everything that is wrong with a definition set, in the order of its rows.

    An industry is assigned twice if its code occurs again (in the same classification) without
    weights that sum to 1, or if a code and a finer one both occur (except in HS). It is missing if
    no row's code begins it or is begun by it; excluded industries are listed with class
    `excluded`. Several sets may not share a table.

    Args:
        definitions: text columns of `COLUMNS`, `weight` if there is one, and `_row_no` counted
            from 1 after the header.
        industries: all codes of each classification that is known; others are not checked for
            missing ones.
    """
    found = [
        *_cells(definitions),
        *_one_set(definitions),
        *_twice(definitions),
        *_nested(definitions),
        *_in_two(definitions, "cluster", "class"),
        *_in_two(definitions, "sub_cluster", "cluster"),
        *_same_id(definitions),
        *_missing(definitions, industries or {}),
    ]
    return sorted(set(found))


def unchecked(definitions: pl.DataFrame, industries: Mapping[str, Collection[str]]) -> list[str]:
    """Classifications of the set whose completeness nobody can tell here."""
    named = definitions["industry_scheme"].drop_nulls().unique().sort().to_list()
    return [name for name in named if name not in industries]


@dataclass(frozen=True)
class Aggregated:
    """Cells of regions × clusters, what no cluster claims, and the sums that prove it."""

    cells: pl.DataFrame
    unmapped: pl.DataFrame
    employment_in: float
    employment_out: float
    employment_unmapped: float


def aggregate(cells: pl.DataFrame, definitions: pl.DataFrame) -> Aggregated:
    """Region × cluster cells from region × industry cells.

    An industry goes to the definition with the longest code that begins it, by weight where
    several clusters share it. A cluster is the sum of its industries in the region; with a
    withheld industry it has an interval (sums of least and greatest values) and no figure.
    Industries that no definition claims, and excluded ones, are kept apart by region.

    Args:
        cells: region, industry, employment (NULL = withheld), and where there are any
            employment_lower, employment_upper, establishments.
        definitions: industry_code, cluster, and where there are any class, weight.

    Returns:
        cells: region, cluster, (class,) employment, employment_lower, employment_upper,
        (establishments,) industries_count, withheld_count; `employment_upper` is NULL where not
        bounded. unmapped: the cells of the input, with the reason.

    Raises:
        MetricInput: a cell twice, two levels of one classification among the cells (their jobs
            would count twice), weights that do not sum to 1, a negative figure.

    Source:
        Concordance rule (weights sum to 1, totals are conserved): Pierce, J. and Schott, P.
        (2012), A concordance between ten-digit U.S. HS codes and SIC/NAICS product classes,
        Journal of Economic and Social Measurement 37, 61-96.
    """
    table = _cell_table(cells)
    claims = _claims(definitions)
    codes = table["industry"].unique().to_list()
    _one_level(codes)
    owner = {code: _longest_prefix(code, set(claims["industry_code"])) for code in codes}
    placed = table.with_columns(
        pl.col("industry").replace_strict(owner, return_dtype=pl.String).alias("industry_code")
    )
    figures = ["employment", "employment_lower", "employment_upper"]
    counts = [n for n in ("establishments",) if n in table.columns]
    excluded = claims.filter(pl.col("class") == "excluded")["industry_code"].unique().to_list()
    apart = placed.filter(
        pl.col("industry_code").is_null() | pl.col("industry_code").is_in(excluded)
    )
    unmapped = apart.select(
        "region",
        "industry",
        *figures,
        *counts,
        pl.when(pl.col("industry_code").is_null())
        .then(pl.lit("in no definition"))
        .otherwise(pl.lit("excluded"))
        .alias("reason"),
    )
    joined = placed.join(claims.filter(pl.col("class") != "excluded"), on="industry_code")
    weighted = joined.with_columns(pl.col(*figures, *counts) * pl.col(WEIGHT))
    keys = ["region", "cluster", *(["class"] if "class" in definitions.columns else [])]
    summed = (
        weighted.group_by(keys)
        .agg(
            # one withheld industry, and the sum is not known
            pl.when(pl.col("employment").is_null().any())
            .then(None)
            .otherwise(pl.col("employment").sum())
            .alias("employment"),
            pl.col("employment_lower").sum(),
            pl.col("employment_upper").sum(),
            *(
                pl.when(pl.col(n).is_null().any()).then(None).otherwise(pl.col(n).sum()).alias(n)
                for n in counts
            ),
            pl.len().alias("industries_count"),
            pl.col("employment").is_null().sum().alias("withheld_count"),
        )
        .sort("region", "cluster")
    )
    sums = [float(frame["employment_lower"].sum()) for frame in (table, weighted, unmapped)]
    if abs(sums[0] - sums[1] - sums[2]) > 1e-6 * max(1.0, sums[0]):
        raise MetricInput(
            f"{sums[0]:g} jobs went in, {sums[1]:g} are in clusters and {sums[2]:g} apart"
        )
    open_end = pl.when(pl.col("employment_upper").is_infinite()).then(None)
    bounded = open_end.otherwise(pl.col("employment_upper")).alias("employment_upper")
    return Aggregated(
        summed.with_columns(bounded),
        unmapped.with_columns(bounded).sort("region", "industry"),
        *sums,
    )


def _cells(table: pl.DataFrame) -> Iterable[Problem]:
    for name in COLUMNS:
        if name in OPTIONAL:
            continue
        empty = pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "")
        yield from (Problem(r, name, "empty") for r in _rows(table, empty))
    wrong = ~pl.col("class").is_in(CLASSES)
    for row, value in _valued(table, wrong, "class"):
        yield Problem(row, "class", f"{value!r} is none of {', '.join(CLASSES)}")
    padded = pl.col("industry_code") != pl.col("industry_code").str.strip_chars()
    for row, value in _valued(table, padded, "industry_code"):
        yield Problem(row, "industry_code", f"{value!r} has blanks around it")
    if WEIGHT in table.columns:
        number = pl.col(WEIGHT).cast(pl.Float64, strict=False)
        given = pl.col(WEIGHT).is_not_null() & (pl.col(WEIGHT).str.strip_chars() != "")
        bad = given & ~number.is_between(0, 1, closed="right").fill_null(False)
        for row, value in _valued(table, bad, WEIGHT):
            yield Problem(row, WEIGHT, f"{value!r} is no number above 0 and at 1 at most")


def _one_set(table: pl.DataFrame) -> Iterable[Problem]:
    for name in ("scheme", "version"):
        values = table[name].drop_nulls().unique(maintain_order=True).to_list()
        if len(values) > 1:
            first = table.filter(pl.col(name) == values[1])["_row_no"][0] + 1
            yield Problem(
                first, name, f"{values[1]!r} after {values[0]!r}: one set and version a file"
            )


def _twice(table: pl.DataFrame) -> Iterable[Problem]:
    keys = ["industry_scheme", "industry_code"]
    weighted = table.with_columns(_weight(table).alias("_weight"))
    again = weighted.filter(
        pl.struct(*keys, "cluster").is_duplicated()
        & ~pl.struct(*keys, "cluster").is_first_distinct()
    )
    repeated = set(again["_row_no"].to_list())
    for row in again.iter_rows(named=True):
        yield Problem(
            row["_row_no"] + 1,
            "industry_code",
            f"{row['industry_scheme']} {row['industry_code']} is in {row['cluster']!r} twice",
        )
    for (scheme, code), group in weighted.group_by(keys, maintain_order=True):
        last = group["_row_no"][-1]
        total = group["_weight"].sum()
        if group.height > 1 and group["_weight"].null_count() and last not in repeated:
            names = ", ".join(map(repr, group["cluster"].unique(maintain_order=True)))
            reason = f"{scheme} {code} is assigned to {names} without weights"
            yield Problem(last + 1, "industry_code", reason)
        elif not group["_weight"].null_count() and abs(total - 1) > WEIGHT_TOLERANCE:
            yield Problem(last + 1, WEIGHT, f"weights of {scheme} {code} sum to {total:g}, not 1")


def _nested(table: pl.DataFrame) -> Iterable[Problem]:
    for (scheme,), group in table.group_by(["industry_scheme"], maintain_order=True):
        if scheme in NESTED_SCHEMES:
            continue
        codes = set(group["industry_code"].drop_nulls())
        for row in group.unique("industry_code", maintain_order=True).iter_rows(named=True):
            above = _longest_prefix(row["industry_code"] or "", codes, proper=True)
            if above is not None:
                yield Problem(
                    row["_row_no"] + 1,
                    "industry_code",
                    f"{scheme} {row['industry_code']} is assigned by {above} as well",
                )


def _in_two(table: pl.DataFrame, child: str, parent: str) -> Iterable[Problem]:
    pairs = table.filter(
        pl.col(child).is_not_null() & (pl.col(child) != "") & (pl.col("class") != "excluded")
    ).unique([child, parent], maintain_order=True)
    for row in pairs.filter(~pl.col(child).is_first_distinct()).iter_rows(named=True):
        first = pairs.filter(pl.col(child) == row[child])[parent][0]
        yield Problem(
            row["_row_no"] + 1,
            parent,
            f"{child} {row[child]!r} is of {first!r} and {row[parent]!r}",
        )


def _same_id(table: pl.DataFrame) -> Iterable[Problem]:
    names = table.filter(pl.col("cluster").is_not_null()).unique("cluster", maintain_order=True)
    seen: dict[str, str] = {}
    for row in names.iter_rows(named=True):
        key, name = cluster_id(row["cluster"]), row["cluster"]
        if not key:
            yield Problem(
                row["_row_no"] + 1, "cluster", f"{name!r} has no letter or digit of a–z, 0–9"
            )
        elif seen.setdefault(key, name) != name:
            reason = f"{name!r} and {seen[key]!r} have the same id, {key}"
            yield Problem(row["_row_no"] + 1, "cluster", reason)


def _missing(table: pl.DataFrame, industries: Mapping[str, Collection[str]]) -> Iterable[Problem]:
    for scheme in table["industry_scheme"].drop_nulls().unique().sort():
        if scheme not in industries:
            continue
        given = set(table.filter(pl.col("industry_scheme") == scheme)["industry_code"].drop_nulls())
        begun = {code[:length] for code in given for length in range(1, len(code) + 1)}
        lost = [
            code
            for code in sorted(industries[scheme])
            if code not in begun and _longest_prefix(code, given) is None
        ]
        if lost:
            more = f" and {len(lost) - 12} more" if len(lost) > 12 else ""
            yield Problem(
                0,
                "industry_code",
                f"{len(lost)} industries of {scheme} are in no cluster: "
                f"{', '.join(lost[:12])}{more}; give those that you leave out the class 'excluded'",
            )


def _cell_table(cells: pl.DataFrame) -> pl.DataFrame:
    table = cells.with_row_index("_row")
    for name in ("employment_lower", "employment_upper"):
        if name not in table.columns:
            table = table.with_columns(pl.lit(None, dtype=pl.Float64).alias(name))
    keys = pl.struct("region", "industry")
    jobs, low, high = (pl.col(n) for n in ("employment", "employment_lower", "employment_upper"))
    figures = [n for n in table.columns if n in ("employment", "establishments")]
    rules = [
        (keys.is_duplicated() & ~keys.is_first_distinct(), "region and industry a second time"),
        *((pl.col(n) < 0, f"{n} is negative") for n in figures),
        (low < 0, "employment_lower is negative"),
        ((low > jobs) | (high < jobs), "employment lies outside its bounds"),
        (low > high, "employment_lower is above employment_upper"),
    ]
    for wrong, why in rules:
        bad = table.filter(wrong.fill_null(False))
        if not bad.is_empty():
            row = bad.row(0, named=True)
            raise MetricInput(
                f"row {row['_row'] + 1} (region {row['region']!r}, industry "
                f"{row['industry']!r}): {why}"
            )
    return table.with_columns(
        pl.coalesce(low, jobs, pl.lit(0.0)).alias("employment_lower"),
        pl.coalesce(high, jobs, pl.lit(float("inf"))).alias("employment_upper"),
    )


def _claims(definitions: pl.DataFrame) -> pl.DataFrame:
    claims = definitions.with_columns(_weight(definitions).alias(WEIGHT))
    if "class" not in claims.columns:
        claims = claims.with_columns(pl.lit("").alias("class"))
    repeated = claims.filter(pl.struct("industry_code", "cluster").is_duplicated())
    if not repeated.is_empty():
        code, name = repeated.select("industry_code", "cluster").row(0)
        raise MetricInput(f"definitions: industry {code} is in {name!r} twice")
    sums = claims.group_by("industry_code").agg(
        pl.col(WEIGHT).sum(), pl.col(WEIGHT).null_count().alias("gaps"), pl.len()
    )
    wrong = sums.filter(
        ((pl.col("len") > 1) & (pl.col("gaps") > 0))
        | ((pl.col("gaps") == 0) & ((pl.col(WEIGHT) - 1).abs() > WEIGHT_TOLERANCE))
    ).sort("industry_code")
    if not wrong.is_empty():
        row = wrong.row(0, named=True)
        what = "has no weights" if row["gaps"] else f"has weights that sum to {row[WEIGHT]:g}"
        raise MetricInput(
            f"definitions: industry {row['industry_code']} is in {row['len']} clusters and {what}; "
            "weights of an industry sum to 1"
        )
    return claims.with_columns(pl.col(WEIGHT).fill_null(1.0)).select(
        "industry_code", "cluster", "class", WEIGHT
    )


def _one_level(codes: list[str]) -> None:
    known = set(codes)
    for code in sorted(codes):
        above = _longest_prefix(code, known, proper=True)
        if above is not None:
            raise MetricInput(
                f"industries {above} and {code} are both in the cells: the jobs of {code} would "
                "count twice; keep one level"
            )


def _longest_prefix(code: str, known: Collection[str], *, proper: bool = False) -> str | None:
    for length in range(len(code) - (1 if proper else 0), 0, -1):
        if code[:length] in known:
            return code[:length]
    return None


def _weight(table: pl.DataFrame) -> pl.Expr:
    if WEIGHT not in table.columns:
        return pl.lit(None, dtype=pl.Float64)
    return pl.col(WEIGHT).cast(pl.Float64, strict=False)


def _rows(table: pl.DataFrame, wrong: pl.Expr) -> list[int]:
    return [row + 1 for row in table.filter(wrong.fill_null(False))["_row_no"]]


def _valued(table: pl.DataFrame, wrong: pl.Expr, name: str) -> Iterable[tuple[int, str]]:
    bad = table.filter(wrong.fill_null(False))
    return [(row + 1, value) for row, value in bad.select("_row_no", name).iter_rows()]
