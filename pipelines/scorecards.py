"""The composite over a published release: inputs read, rules checked, results as tables.

Nothing here is computed unless somebody asks: the guidelines know no best policy for everyone, so
that a release has no league table. Who asks gets ranks with their uncertainty, and the inputs.

Belongs here: reading a release into a panel, putting results into frames. Does not belong here:
the mathematics (`pipelines.metrics`), printing (`commands.composite`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from pipelines.errors import ConfigError
from pipelines.metrics import coherence, composite, uncertainty
from pipelines.metrics.composite import Bounds, Doubles, Input, Panel

#: Statuses under which a value is shown and not ranked.
NOT_RANKED = ("U",)
#: Years looked at where the caller names none.
DEFAULT_YEARS = 10


@dataclass(frozen=True)
class Options:
    """What the caller may choose.

    Attributes:
        first, last: years; None = the ten newest, and of these the newest with the most scores.
        weights: id of a guideline or input → weight; 0 leaves it out, others stay 1.
        inputs: rows like reference.composite_input instead of it.
        units: economies instead of the members of APEC.
        carry_years: how long a figure may stand in for a later one (0 to 3).
        exponent: of the mean across guidelines.
        draws, seed: of the uncertainty analysis.
        sobol_base: base sample of the sensitivity analysis; 0 = none.
        vintages: earlier editions of the panel, as release files.
    """

    first: int | None = None
    last: int | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    inputs: pl.DataFrame | None = None
    units: tuple[str, ...] = ()
    carry_years: int = 0
    exponent: float = 0.0
    draws: int = uncertainty.DRAWS_NEEDED
    seed: int = 1
    sobol_base: int = 1024
    vintages: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Report:
    """Tables of one composite; see docs/methodology/composite.md for their columns."""

    period: str
    left_out: dict[str, str]
    scores: pl.DataFrame
    guidelines: pl.DataFrame
    cells: pl.DataFrame
    ranks: pl.DataFrame
    pairs: pl.DataFrame
    sobol: pl.DataFrame
    inputs: pl.DataFrame
    coherence: pl.DataFrame

    def tables(self) -> dict[str, pl.DataFrame]:
        names = ["scores", "guidelines", "cells", "ranks", "pairs", "sobol", "inputs", "coherence"]
        return {name: getattr(self, name) for name in names}


def run(con: duckdb.DuckDBPyConnection, options: Options) -> Report:
    """The composite with its uncertainty over the release behind `con`.

    Raises:
        MetricInput: a rule of the composite is broken (see `metrics.composite`).
        ConfigError: weights name what is no input, or no unit can be scored.
    """
    inputs, left_out = read_inputs(con, options)
    units = _units(con, options)
    periods = _periods(con, options, inputs)
    panel = read_panel(con, inputs, units, periods)
    panel, carried = composite.carry_forward(panel, options.carry_years)
    weights = _guideline_weights(panel, options.weights)
    scores = composite.score(panel, guideline_weights=weights, exponent=options.exponent)
    per_period = (~np.isnan(scores.overall)).sum(axis=1)
    if not per_period.any():
        raise ConfigError(
            f"no unit can be scored in {periods[0]} to {periods[-1]}: a guideline needs two thirds "
            f"of its core inputs and a unit {composite.GUIDELINES_NEEDED} guidelines; the release "
            f"has {int((~np.isnan(scores.guideline)).any(axis=(0, 1)).sum())} of them"
        )
    if options.last is None:
        newest = len(periods) - 1 - int(np.argmax(per_period[::-1]))
    else:
        newest = len(periods) - 1
    design = uncertainty.Design(
        panel,
        weights,
        groups=_groups(con, units),
        vintages=tuple(_vintage(file, panel, options) for file in options.vintages),
    )
    model = uncertainty.Model(design, options.seed)
    ranking = uncertainty.simulate(model, options.draws)
    names = _names(con, units)
    return Report(
        periods[newest],
        left_out,
        _score_table(panel, scores, weights, names),
        _guideline_table(panel, scores),
        _cell_table(panel, scores, carried),
        _rank_table(panel, ranking, names),
        _pair_table(panel, ranking),
        _sobol_table(model, newest, options.sobol_base),
        _input_table(panel, scores, carried, weights),
        _coherence_table(panel, scores),
    )


def read_inputs(
    con: duckdb.DuckDBPyConnection, options: Options
) -> tuple[list[Input], dict[str, str]]:
    """Inputs with their goalposts, and why others were left out.

    Raises:
        MetricInput: one of them may not be scored (an index, context, another direction).
        ConfigError: a weight names neither a guideline nor an input.
    """
    rows = options.inputs
    if rows is None:
        rows = con.sql("from reference.composite_input").pl()
    known = con.sql(
        "select indicator_id, role, direction, is_index, is_core, is_built "
        "from marts.bridge_guideline_indicator"
    ).pl()
    facts = {row["indicator_id"]: row for row in known.iter_rows(named=True)}
    strange = set(options.weights) - set(rows["indicator_id"]) - set(rows["guideline_id"])
    if strange:
        raise ConfigError(
            f"weights: {', '.join(sorted(strange))} is neither a guideline nor an input; "
            "inputs are " + ", ".join(sorted(rows["indicator_id"]))
        )
    inputs, left_out = [], {}
    for row in rows.iter_rows(named=True):
        name, guideline = row["indicator_id"], row["guideline_id"]
        fact = facts.get(name)
        weight = row["weight"] * options.weights.get(name, 1.0)
        if fact is None or not fact["is_built"]:
            left_out[name] = "is not built"
        elif weight == 0 or options.weights.get(guideline, 1.0) == 0:
            left_out[name] = "has weight 0"
        else:
            inputs.append(
                Input(
                    name,
                    guideline,
                    row["basis"],
                    row["goal_low"],
                    row["goal_high"],
                    is_up=fact["direction"] != "down",
                    weight=weight,
                    bounds=Bounds(row["bounds"]),
                    is_core=fact["is_core"],
                )
            )
    composite.check_admissible(
        inputs,
        roles={name: fact["role"] for name, fact in facts.items()},
        directions={name: fact["direction"] for name, fact in facts.items()},
        indexes={name for name, fact in facts.items() if fact["is_index"]},
    )
    return inputs, left_out


def read_panel(
    con: duckdb.DuckDBPyConnection,
    inputs: Sequence[Input],
    units: Sequence[str],
    periods: Sequence[str],
) -> Panel:
    """Cells of the inputs for the units and periods; what may not be ranked is missing.

    Raises:
        MetricInput: a value under a status that means that there is none, or the other way round.
    """
    shape = (len(periods), len(units), len(inputs))
    values, lower, upper = (np.full(shape, np.nan) for _ in range(3))
    statuses = np.full(shape, "", dtype="<U1")
    letters = con.sql("select obs_status from reference.obs_status where not has_value").fetchall()
    for i, row in enumerate(inputs):
        cells = con.execute(
            "select period, geo_id, value, value_lower, value_upper, obs_status "
            "from marts.fct_indicator_value "
            "where indicator_id = ? and basis = ? and cluster_id = 'all'",
            [row.indicator, row.basis],
        ).fetchall()
        place = {period: t for t, period in enumerate(periods)}
        unit = {geo_id: u for u, geo_id in enumerate(units)}
        for period, geo_id, value, low, high, status in cells:
            if period not in place or geo_id not in unit:
                continue
            cell = place[period], unit[geo_id], i
            statuses[cell] = status
            values[cell] = np.nan if value is None else value
            lower[cell] = np.nan if low is None else low
            upper[cell] = np.nan if high is None else high
        composite.check_statuses(
            values[:, :, i],
            statuses[:, :, i],
            without_value=[letter for (letter,) in letters],
            where=f"{row.indicator}/{row.basis} (period, unit)",
        )
    unsure = np.isin(statuses, NOT_RANKED)
    for figures in (values, lower, upper):
        figures[unsure] = np.nan
    return Panel(tuple(periods), tuple(units), tuple(inputs), values, lower, upper)


def _units(con: duckdb.DuckDBPyConnection, options: Options) -> list[str]:
    rows = con.execute("select geo_id, is_apec from marts.dim_geo where geo_type = 'economy'")
    listed = dict(rows.fetchall())
    if options.units:
        unknown = sorted(set(options.units) - set(listed))
        if unknown:
            raise ConfigError(f"{', '.join(unknown)} is no economy of this release")
        return sorted(set(options.units))
    members = sorted(geo_id for geo_id, is_apec in listed.items() if is_apec)
    required = [g for (g,) in con.execute("select geo_id from reference.apec_economies").fetchall()]
    composite.check_units(members, required)
    return members


def _periods(
    con: duckdb.DuckDBPyConnection, options: Options, inputs: Sequence[Input]
) -> list[str]:
    years = con.execute(
        "select min(period), max(period) from marts.fct_indicator_value "
        "where value is not null and cluster_id = 'all' and list_contains(?, indicator_id) "
        "and regexp_full_match(period, '[0-9]{4}')",
        [[row.indicator for row in inputs]],
    ).fetchall()[0]
    if years[0] is None:
        raise ConfigError("the release has no value of any input of the composite")
    last = options.last if options.last is not None else int(years[1])
    first = options.first if options.first is not None else last - DEFAULT_YEARS + 1
    first = max(first, int(years[0]))
    if first > last:
        raise ConfigError(f"no period between {first} and {last}; figures begin in {years[0]}")
    return [str(year) for year in range(first, last + 1)]


def _guideline_weights(panel: Panel, weights: Mapping[str, float]) -> Doubles:
    chosen = np.array([weights.get(name, 1.0) for name in panel.guidelines])
    return chosen / chosen.sum()


def _groups(con: duckdb.DuckDBPyConnection, units: Sequence[str]) -> tuple[str, ...]:
    income = dict(con.execute("select geo_id, income_level_code from marts.dim_geo").fetchall())
    return tuple(income.get(unit) or "" for unit in units)


def _names(con: duckdb.DuckDBPyConnection, units: Sequence[str]) -> list[str]:
    names = dict(con.execute("select geo_id, geo_name from marts.dim_geo").fetchall())
    return [names[unit] for unit in units]


def _vintage(file: Path, panel: Panel, options: Options) -> Doubles:
    """The panel as an earlier release has it; what it lacks is missing there."""
    try:
        with duckdb.connect(str(file), read_only=True) as con:
            earlier = read_panel(con, panel.inputs, panel.units, panel.periods)
    except duckdb.Error as error:
        raise ConfigError(f"{file} cannot be read as a release: {error}") from error
    return composite.carry_forward(earlier, options.carry_years)[0].central()


def _grid(*axes: Sequence[str]) -> list[np.ndarray]:
    return [axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")]


def _known(values: Doubles) -> pl.Series:
    """Doubles with null for NaN."""
    return pl.Series(values.ravel()).fill_nan(None)


def _score_table(
    panel: Panel, scores: composite.Scores, weights: Doubles, names: Sequence[str]
) -> pl.DataFrame:
    arithmetic = composite.across_guidelines(scores.guideline, weights, 1.0)
    period, unit = _grid(panel.periods, panel.units)
    _, name = _grid(panel.periods, names)
    return pl.DataFrame(
        {
            "period": period,
            "geo_id": unit,
            "geo_name": name,
            "score": _known(scores.overall),
            "score_arithmetic": _known(arithmetic),
            "guidelines_scored": (~np.isnan(scores.guideline)).sum(axis=-1).ravel(),
            "is_scored": ~np.isnan(scores.overall).ravel(),
        }
    )


def _guideline_table(panel: Panel, scores: composite.Scores) -> pl.DataFrame:
    period, unit, guideline = _grid(panel.periods, panel.units, panel.guidelines)
    return pl.DataFrame(
        {
            "period": period,
            "geo_id": unit,
            "guideline_id": guideline,
            "score": _known(scores.guideline),
            "core_inputs_present_share": scores.inputs_present.ravel(),
        }
    )


def _cell_table(panel: Panel, scores: composite.Scores, carried: np.ndarray) -> pl.DataFrame:
    period, unit, name = _grid(panel.periods, panel.units, [i.indicator for i in panel.inputs])
    _, _, basis = _grid(panel.periods, panel.units, [i.basis for i in panel.inputs])
    return pl.DataFrame(
        {
            "period": period,
            "geo_id": unit,
            "indicator_id": name,
            "basis": basis,
            "value": _known(panel.values),
            "value_lower": _known(panel.lower),
            "value_upper": _known(panel.upper),
            "normalised": _known(scores.normalised),
            "is_carried": carried.ravel(),
            "is_beyond_goalposts": scores.beyond_goalposts.ravel(),
        }
    )


def _rank_table(panel: Panel, ranking: uncertainty.Ranking, names: Sequence[str]) -> pl.DataFrame:
    period, unit = _grid(panel.periods, panel.units)
    _, name = _grid(panel.periods, names)
    apart = ranking.distinguishable()
    alike = (~apart & ~np.isnan(ranking.ahead)).sum(axis=-1) - 1
    return pl.DataFrame(
        {
            "period": period,
            "geo_id": unit,
            "geo_name": name,
            "median_rank": _known(ranking.median),
            "rank_p05": _known(ranking.low),
            "rank_p95": _known(ranking.high),
            **{f"p_top_{k}": _known(ranking.top(k)) for k in (1, 3, 5, 10)},
            "not_distinguishable_from_count": pl.Series(np.maximum(alike, 0).ravel()),
        }
    )


def _pair_table(panel: Panel, ranking: uncertainty.Ranking) -> pl.DataFrame:
    period, first, second = _grid(panel.periods, panel.units, panel.units)
    pairs = pl.DataFrame(
        {
            "period": period,
            "geo_id": first,
            "other_geo_id": second,
            "p_ahead": _known(ranking.ahead),
            "is_distinguishable": ranking.distinguishable().ravel(),
        }
    )
    return pairs.filter(
        (pl.col("geo_id") != pl.col("other_geo_id")) & pl.col("p_ahead").is_not_null()
    )


def _sobol_table(model: uncertainty.Model, period: int, base: int) -> pl.DataFrame:
    panel = model.design.panel
    schema = {
        "period": pl.String,
        "geo_id": pl.String,
        "assumption": pl.String,
        "first_order": pl.Float64,
        "total": pl.Float64,
        "first_order_se": pl.Float64,
        "total_se": pl.Float64,
    }
    if base == 0:
        return pl.DataFrame(schema=schema)
    indices = uncertainty.rank_indices(model, period, base)
    assumption, unit = _grid(uncertainty.ASSUMPTIONS, panel.units)
    return pl.DataFrame(
        {
            "period": np.full(len(unit), panel.periods[period]),
            "geo_id": unit,
            "assumption": assumption,
            "first_order": _known(indices.first),
            "total": _known(indices.total),
            "first_order_se": _known(indices.first_error),
            "total_se": _known(indices.total_error),
        },
        schema=schema,
    ).filter(pl.col("total").is_not_null())


def _input_table(
    panel: Panel, scores: composite.Scores, carried: np.ndarray, weights: Doubles
) -> pl.DataFrame:
    """Nominal weight beside effective importance, and how each input fits its guideline."""
    membership = panel.membership()
    overall = scores.overall.ravel()
    rows = []
    for g, guideline in enumerate(panel.guidelines):
        members = np.flatnonzero(membership[:, g])
        fit = coherence.coherence(scores.normalised[:, :, members].reshape(-1, len(members)))
        for place, i in enumerate(members):
            own = scores.normalised[:, :, i].ravel()
            rest = fit.rest_correlation[place]
            rows.append(
                {
                    "guideline_id": guideline,
                    "indicator_id": panel.inputs[i].indicator,
                    "basis": panel.inputs[i].basis,
                    "is_core": panel.inputs[i].is_core,
                    "goal_low": panel.inputs[i].goal_low,
                    "goal_high": panel.inputs[i].goal_high,
                    "nominal_weight": membership[i, g] * weights[g],
                    "correlation_ratio": coherence.correlation_ratio(own, overall),
                    "correlation_with_the_rest": rest,
                    "needs_review": bool(rest < 0),
                    "cells_with_value": int((~np.isnan(panel.central()[:, :, i])).sum()),
                    "cells_carried": int(carried[:, :, i].sum()),
                    "cells_beyond_goalposts": int(scores.beyond_goalposts[:, :, i].sum()),
                }
            )
    table = pl.DataFrame(rows).with_columns(
        pl.col("correlation_ratio", "correlation_with_the_rest").fill_nan(None)
    )
    return table.with_columns(
        effective_weight=pl.col("correlation_ratio") / pl.col("correlation_ratio").sum()
    )


def _coherence_table(panel: Panel, scores: composite.Scores) -> pl.DataFrame:
    membership = panel.membership()
    rows = []
    for g, guideline in enumerate(panel.guidelines):
        members = np.flatnonzero(membership[:, g])
        fit = coherence.coherence(scores.normalised[:, :, members].reshape(-1, len(members)))
        ratio = coherence.correlation_ratio(
            scores.guideline[:, :, g].ravel(), scores.overall.ravel()
        )
        rows.append(
            {
                "guideline_id": guideline,
                "inputs": len(members),
                "rows": fit.rows,
                "cronbach_alpha": fit.alpha,
                "first_component_share": float(fit.explained[0]),
                "negative_correlations": int((fit.rest_correlation < 0).sum()),
                "correlation_ratio_with_overall": ratio,
            }
        )
    return pl.DataFrame(rows).with_columns(
        pl.col(
            "cronbach_alpha", "first_component_share", "correlation_ratio_with_overall"
        ).fill_nan(None)
    )
