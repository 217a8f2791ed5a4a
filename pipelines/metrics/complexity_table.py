"""Complexity on long tables with names: one panel for each period, three tables out.

Belongs here: checks of rows with errors that name them, from rows to matrices and back, what is
said about a result. Does not belong here: formulas (`pipelines.metrics.complexity`), files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from pipelines.errors import MetricInput
from pipelines.metrics.advantage import Comparison
from pipelines.metrics.complexity import (
    Complexity,
    Normalise,
    NotDetermined,
    complexity,
    eci_pci,
)
from pipelines.metrics.matrices import Flags, Floats, one_of
from pipelines.metrics.relatedness import SelfProximity

Presence = Literal["rca", "given"]
_NAMED = 5
NO_SAMPLE = "no location is in the sample"
_SCORES = {
    "item": pl.String,
    "code": pl.String,
    "degree": pl.Int64,
    "complexity": pl.Float64,
    "is_in_eigenproblem": pl.Boolean,
    "second_eigenvalue": pl.Float64,
    "sign_correlation": pl.Float64,
    "problem": pl.String,
}


@dataclass(frozen=True)
class Panel:
    """One period: locations × products, both sorted by code; what has no row is 0.

    Attributes:
        period: NULL where the rows have none.
        locations, products: codes.
        values: locations × products.
    """

    period: str | None
    locations: pl.Series
    products: pl.Series
    values: Floats


@dataclass(frozen=True)
class Tables:
    """The results of one period.

    Attributes:
        locations: period, location, diversity, eci, coi.
        products: period, product, ubiquity, pci.
        cells: period, location, product, value, rca, m, density, cog; every pair of a location
            and a product of the period.
        notes: what was left out and why, one sentence each.
        problem: why there is no ECI; None where there is.
    """

    locations: pl.DataFrame
    products: pl.DataFrame
    cells: pl.DataFrame
    notes: tuple[str, ...]
    problem: str | None


def panels(
    rows: pl.DataFrame,
    *,
    presence: Presence = "rca",
    duplicates: Literal["error", "sum"] = "error",
    missing: Literal["error", "zero"] = "error",
) -> Iterator[Panel]:
    """The periods of a long table, in their order.

    Args:
        rows: columns location, product (text), value (double) and, if there is one, period (text).
        presence: `given` where the values are 0 and 1 for absence and presence.
        duplicates: what a second row of one period, location and product is: an error, or to be
            added (also of presence: then the sum is still 0 or 1).
        missing: what a row without a value is: an error, or a zero. A pair without a row is
            always a zero.

    Raises:
        MetricInput: no rows; a key without a code; a value that is missing, NaN, infinite or
            negative; a row that comes twice; presence that is neither 0 nor 1. Rows are counted
            from 1.
    """
    one_of("duplicates", duplicates, ("error", "sum"))
    one_of("missing", missing, ("error", "zero"))
    one_of("presence", presence, ("rca", "given"))
    if rows.is_empty():
        raise MetricInput("there are no rows")
    keys = [name for name in ("period", "location", "product") if name in rows.columns]
    for name in keys:
        if rows[name].null_count():
            _refuse(rows, rows[name].is_null(), f"{name} is empty")
    value = rows["value"].cast(pl.Float64)
    if value.null_count():
        if missing == "error":
            _refuse(rows, value.is_null(), "value is empty; write 0 or ask for zeros")
        value = value.fill_null(0.0)
    # one pass over all; the rows are searched only where something is wrong
    if not (np.isfinite(value.sum()) and value.min() >= 0):
        _refuse(rows, ~value.is_finite(), "value is no finite number")
        _refuse(rows, value < 0, "value is negative")
        raise MetricInput("the values add up to more than a double holds; use a larger unit")
    if presence == "given":
        _refuse(rows, ~value.is_in([0.0, 1.0]), "presence is neither 0 nor 1")
    checked = rows.select(keys).with_columns(value.alias("value"))
    if "period" not in keys:
        yield _panel(None, checked, rows, None, duplicates)
        return
    position = checked["period"].cast(pl.Enum(checked["period"].unique().sort())).to_physical()
    for number, period in enumerate(checked["period"].unique().sort()):
        here = position == number
        yield _panel(period, checked.filter(here), rows, here, duplicates)


def tables(
    panel: Panel,
    *,
    presence: Presence = "rca",
    threshold: float = 1.0,
    comparison: Comparison = "ge",
    self_proximity: SelfProximity = "exclude",
    normalise: Normalise = "stata",
) -> Tables:
    """Complexity of one period, as tables. Options as for `complexity.complexity`.

    Raises:
        MetricInput: as `complexity.complexity`, or summed presence is neither 0 nor 1.
    """
    found = complexity(
        panel.values,
        presence=presence,
        threshold=threshold,
        comparison=comparison,
        self_proximity=self_proximity,
        normalise=normalise,
    )
    locations = _table(
        panel.period, location=panel.locations, diversity=found.diversity, eci=found.eci,
        coi=found.coi,
    )  # fmt: skip
    products = _table(panel.period, product=panel.products, ubiquity=found.ubiquity, pci=found.pci)
    count_l, count_p = panel.values.shape
    cells = _table(
        panel.period,
        location=panel.locations.gather(np.repeat(np.arange(count_l, dtype=np.uint32), count_p)),
        product=panel.products.gather(np.tile(np.arange(count_p, dtype=np.uint32), count_l)),
        value=panel.values,
        rca=np.full(panel.values.shape, np.nan) if found.rca is None else found.rca,
        m=found.presence.view(np.int8),
        density=found.density,
        cog=found.cog,
    )
    return Tables(locations, products, cells, tuple(notes(panel, found)), found.problem)


def scores(pairs: pl.DataFrame) -> pl.DataFrame:
    """ECI and PCI of each period from the pairs of a presence matrix.

    The eigenproblem is over the locations of the sample (their largest connected part). Another
    location gets the mean PCI of its products: what its ECI would be by the identity that holds
    inside, without a part in anybody's figure.

    Args:
        pairs: period, location, product, is_in_sample (the same for all rows of a location in a
            period); one row for each location and product with presence.

    Returns:
        period, item (`location` or `product`), code, degree (diversity; ubiquity in the sample),
        complexity (ECI or PCI, standardised over the n locations in the eigenproblem; NULL where
        it is not determined), is_in_eigenproblem, second_eigenvalue, sign_correlation (of ECI with
        diversity), problem (why a whole period has none).

    Raises:
        MetricInput: a pair comes twice.
    """
    nothing = pl.DataFrame(schema={"period": pairs["period"].dtype, **_SCORES})
    periods = pairs.sort("period").group_by("period", maintain_order=True)
    return pl.concat([nothing, *(_scores(period, part) for (period,), part in periods)])


def notes(panel: Panel, found: Complexity) -> Iterator[str]:
    """What a reader of the result has to know: who is not in it, and why."""
    where = "" if panel.period is None else f"{panel.period}: "
    some_l, some_p = panel.values.any(axis=1), panel.values.any(axis=0)
    absent_l, absent_p = found.diversity == 0, found.ubiquity == 0
    yield from _left_out(where, "location", panel.locations, ~some_l, "no value at all")
    yield from _left_out(where, "product", panel.products, ~some_p, "no value at all")
    why = "presence nowhere"
    yield from _left_out(where, "location", panel.locations, absent_l & some_l, why)
    yield from _left_out(where, "product", panel.products, absent_p & some_p, why)
    if found.problem is not None:
        yield f"{where}no ECI, PCI, COI and COG: {found.problem}"
    else:
        why = "not connected with the rest by any product, so that no ECI compares them"
        beside = ~absent_l & np.isnan(found.eci)
        yield from _left_out(where, "location", panel.locations, beside, why)
        beside = ~absent_p & np.isnan(found.pci)
        yield from _left_out(where, "product", panel.products, beside, "only in such a location")
    if found.ties:
        yield (
            f"{where}{found.ties:,} cells have an RCA equal to the threshold but for rounding and "
            "are taken as equal"
        )


def _scores(period: Any, pairs: pl.DataFrame) -> pl.DataFrame:
    if pairs.select(pl.struct("location", "product").is_duplicated().any()).item():
        raise MetricInput(f"period {period}: a pair of location and product comes twice")
    locations, row = _codes(pairs["location"])
    products, column = _codes(pairs["product"])
    matrix = np.zeros((len(locations), len(products)), dtype=bool)
    matrix[row, column] = True
    sample = np.zeros(len(locations), dtype=bool)
    sample[row[pairs["is_in_sample"].to_numpy()]] = True
    eci, pci = np.full(len(locations), np.nan), np.full(len(products), np.nan)
    inside = np.zeros(len(locations), dtype=bool), np.zeros(len(products), dtype=bool)
    eigenvalue, correlation, problem = None, None, None
    try:
        if not sample.any():
            raise NotDetermined(NO_SAMPLE)
        eigen = eci_pci(matrix & sample[:, None], normalise="population", parts="largest")
        pci, eigenvalue, correlation = eigen.pci, eigen.eigenvalues[0], eigen.sign_correlation
        inside = eigen.locations, eigen.products
        own = matrix & ~np.isnan(pci)
        with np.errstate(invalid="ignore"):
            eci = (own @ np.nan_to_num(pci)) / own.sum(axis=1)
        eci[eigen.locations] = eigen.eci[eigen.locations]
        # in the sample and not connected with the rest of it: not comparable by anything
        eci[sample & ~eigen.locations] = np.nan
    except NotDetermined as error:
        problem = str(error)
    parts = (
        ("location", locations, matrix.sum(axis=1), eci, inside[0]),
        ("product", products, matrix[sample].sum(axis=0), pci, inside[1]),
    )
    return pl.concat(
        pl.DataFrame(
            {
                "period": pl.Series([period] * len(codes), dtype=pairs["period"].dtype),
                "item": item,
                "code": codes,
                "degree": degree.astype(np.int64),
                "complexity": pl.Series(score, dtype=pl.Float64).fill_nan(None),
                "is_in_eigenproblem": in_it,
                "second_eigenvalue": pl.Series([eigenvalue] * len(codes), dtype=pl.Float64),
                "sign_correlation": pl.Series([correlation] * len(codes), dtype=pl.Float64),
                "problem": pl.Series([problem] * len(codes), dtype=pl.String),
            }
        )
        for item, codes, degree, score, in_it in parts
    )


def _panel(
    period: str | None,
    part: pl.DataFrame,
    rows: pl.DataFrame,
    here: pl.Series | None,
    duplicates: Literal["error", "sum"],
) -> Panel:
    locations, row = _codes(part["location"])
    products, column = _codes(part["product"])
    values = np.zeros((len(locations), len(products)))
    at = row.astype(np.int64) * len(products) + column
    seen = np.zeros(values.size, dtype=bool)
    seen[at] = True
    if np.count_nonzero(seen) == len(at):
        values.ravel()[at] = part["value"].to_numpy()
    elif duplicates == "sum":
        np.add.at(values.ravel(), at, part["value"].to_numpy())
    else:
        keys = [name for name in ("period", "location", "product") if name in rows.columns]
        again = ~rows.select(pl.struct(keys).is_first_distinct()).to_series()
        _refuse(rows, again if here is None else again & here, "this pair came before")
    return Panel(period, locations, products, values)


def _codes(column: pl.Series) -> tuple[pl.Series, np.ndarray]:
    """The codes in their order, and the place of each row's code among them."""
    codes = column.unique().sort()
    return codes, column.cast(pl.Enum(codes)).to_physical().to_numpy()


def _table(period: str | None, **columns: Any) -> pl.DataFrame:
    """Columns of one period; what is NaN in a result is NULL in a table."""
    found = {
        name: values if isinstance(values, pl.Series) else _column(name, values)
        for name, values in columns.items()
    }
    table = pl.DataFrame(found)
    return table.insert_column(
        0, pl.repeat(period, table.height, dtype=pl.String, eager=True).alias("period")
    )


def _column(name: str, values: np.ndarray) -> pl.Series:
    column = pl.Series(name, values.ravel())
    return column.fill_nan(None) if column.dtype.is_float() else column


def _left_out(where: str, what: str, codes: pl.Series, which: Flags, why: str) -> Iterator[str]:
    names: Sequence[str] = codes.filter(pl.Series(which)).to_list() if which.any() else ()
    if names:
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        yield (
            f"{where}{len(names):,} {what}{'s' if len(names) > 1 else ''} left out, {why}: "
            f"{', '.join(names[:_NAMED])}{more}"
        )


def _refuse(rows: pl.DataFrame, wrong: pl.Series, why: str) -> None:
    if wrong.any():
        number = int(wrong.arg_true()[0])
        row = rows.row(number, named=True)
        where = ", ".join(
            f"{name} {row[name]!r}" for name in ("period", "location", "product") if name in row
        )
        raise MetricInput(f"row {number + 1} ({where}, value {row['value']!r}): {why}")
