"""The composite over a release: what is read, what is refused, what the tables say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from pipelines import scorecards
from pipelines.commands.composite import read_inputs, read_weights
from pipelines.errors import ConfigError, MetricInput
from pipelines.scorecards import Options

MEMBERS = [f"E{n:02d}" for n in range(6)]
GUIDELINES = [f"g{n}" for n in range(1, 8)]


@pytest.fixture
def release() -> Iterator[duckdb.DuckDBPyConnection]:
    """Six economies, seven guidelines with two inputs each, three years; E05 has no figures."""
    con = duckdb.connect()
    con.execute("create schema marts; create schema reference")
    con.execute(
        "create table reference.composite_input as select 'i' || g || n as indicator_id, "
        "'g' || g as guideline_id, 'b' as basis, 0::double as goal_low, 100::double as goal_high, "
        "1::double as weight, 'limits' as bounds "
        "from range(1, 8) as t(g), range(2) as s(n) order by 1"
    )
    con.execute(
        "create table marts.bridge_guideline_indicator as select indicator_id, 'scored' as role, "
        "'up' as direction, false as is_index, true as is_core, true as is_built "
        "from reference.composite_input"
    )
    names = ", ".join(f"('{name}')" for name in MEMBERS)
    con.execute(f"create table reference.apec_economies as from (values {names}) t(geo_id)")
    con.execute(
        "create table marts.dim_geo as select geo_id, 'Economy ' || geo_id as geo_name, "
        "'economy' as geo_type, true as is_apec, 'HIC' as income_level_code "
        "from reference.apec_economies"
    )
    con.execute(
        "create table reference.obs_status as from (values ('A', true), ('Z', true), ('U', true), "
        "('M', false), ('L', false)) t(obs_status, has_value)"
    )
    con.execute(
        "create table marts.fct_indicator_value as select c.indicator_id, a.geo_id, "
        "'all' as cluster_id, y.period, c.basis, "
        "case when a.geo_id <> 'E05' then "
        "20 + (hash(c.indicator_id || a.geo_id || y.period) % 60)::double end as value, "
        "null::double as value_lower, null::double as value_upper, "
        "case when a.geo_id = 'E05' then 'M' else 'A' end as obs_status "
        "from reference.composite_input c, reference.apec_economies a, "
        "(values ('2019'), ('2020'), ('2021')) y(period)"
    )
    yield con
    con.close()


def run(con: duckdb.DuckDBPyConnection, **options: object) -> scorecards.Report:
    return scorecards.run(con, Options(sobol_base=64, **options))


def test_every_member_is_listed_with_or_without_a_score(release) -> None:
    report = run(release)
    assert report.period == "2021"
    newest = report.scores.filter(pl.col("period") == "2021")
    assert newest["geo_id"].to_list() == MEMBERS
    assert newest["is_scored"].to_list() == [True] * 5 + [False]
    ranks = report.ranks.filter(pl.col("period") == "2021")
    assert ranks["median_rank"].null_count() == 1
    assert (ranks["rank_p05"].drop_nulls() <= ranks["rank_p95"].drop_nulls()).all()
    assert report.pairs["geo_id"].n_unique() == 5
    assert set(report.sobol["assumption"]) == {
        "normalisation", "weights", "exponent", "imputation", "input left out", "data",
    }  # fmt: skip
    assert report.inputs["nominal_weight"].sum() == pytest.approx(1)


def test_every_score_opens_to_its_cells(release) -> None:
    """Guideline scores are means of normalised cells, overall ones geometric means of them."""
    report = run(release)
    membership = {row["indicator_id"]: row["guideline_id"] for row in report.inputs.to_dicts()}
    cells = report.cells.filter(pl.col("geo_id") == "E01", pl.col("period") == "2020")
    means = (
        cells.with_columns(guideline=pl.col("indicator_id").replace(membership))
        .group_by("guideline")
        .agg(pl.col("normalised").mean())
        .sort("guideline")
    )
    scores = report.guidelines.filter(pl.col("geo_id") == "E01", pl.col("period") == "2020")
    assert means["normalised"].to_list() == pytest.approx(scores["score"].to_list())
    overall = report.scores.filter(pl.col("geo_id") == "E01", pl.col("period") == "2020")
    assert overall["score"][0] == pytest.approx(float(np.exp(scores["score"].log().mean())))


def test_the_same_seed_gives_the_same_tables(release) -> None:
    one, two, other = (run(release, seed=seed) for seed in (3, 3, 4))
    for name, rows in one.tables().items():
        assert rows.equals(two.tables()[name]), name
    assert not one.ranks.equals(other.ranks) or not one.pairs.equals(other.pairs)


def test_weights_of_zero_leave_out_and_are_said(release) -> None:
    report = run(release, weights={"g7": 0.0, "i10": 0.0, "g1": 3.0})
    assert set(report.left_out) == {"i70", "i71", "i10"}
    weights = dict(report.inputs.select("indicator_id", "nominal_weight").iter_rows())
    # guideline 1 has three eighths of the weight, all of it on its other input
    assert weights["i11"] == pytest.approx(3 / 8)
    assert weights["i20"] == pytest.approx(1 / 16)


def test_a_weight_for_nothing_is_refused(release) -> None:
    with pytest.raises(ConfigError, match="g9 is neither a guideline nor an input"):
        run(release, weights={"g9": 1.0})


def test_a_missing_member_is_refused(release) -> None:
    release.execute("delete from marts.dim_geo where geo_id = 'E03'")
    with pytest.raises(MetricInput, match="1 of 6 units are missing: E03"):
        run(release)


def test_an_index_among_the_inputs_is_refused(release) -> None:
    release.execute(
        "update marts.bridge_guideline_indicator set is_index = true where indicator_id = 'i20'"
    )
    with pytest.raises(MetricInput, match="i20: is an index itself"):
        run(release)


def test_a_second_basis_of_an_input_is_refused(release) -> None:
    release.execute(
        "insert into reference.composite_input select * replace ('other' as basis) "
        "from reference.composite_input where indicator_id = 'i20'"
    )
    with pytest.raises(MetricInput, match="i20: named on more than one basis"):
        run(release)


def test_a_zero_that_stands_for_missing_is_refused(release) -> None:
    release.execute(
        "update marts.fct_indicator_value set value = 0 where geo_id = 'E05' "
        "and indicator_id = 'i20' and period = '2020'"
    )
    with pytest.raises(MetricInput, match=r"i20/b .*value 0\.0 under status 'M'"):
        run(release)


def test_values_that_may_not_be_ranked_are_not(release) -> None:
    release.execute(
        "update marts.fct_indicator_value set obs_status = 'U' where geo_id = 'E04' "
        "and indicator_id like 'i1%'"
    )
    guidelines = run(release).guidelines.filter(pl.col("geo_id") == "E04")
    assert guidelines.filter(pl.col("guideline_id") == "g1")["score"].null_count() == 3


def test_what_is_not_built_is_left_out_aloud(release) -> None:
    release.execute(
        "update marts.bridge_guideline_indicator set is_built = false where indicator_id = 'i20'"
    )
    assert run(release).left_out == {"i20": "is not built"}


def test_nothing_to_score_is_said(release) -> None:
    with pytest.raises(ConfigError, match="no unit can be scored"):
        run(release, weights=dict.fromkeys(GUIDELINES[:3], 0.0))


def test_earlier_editions_have_to_be_releases(release, tmp_path: Path) -> None:
    broken = tmp_path / "release_x.duckdb"
    broken.write_bytes(b"not a database")
    with pytest.raises(ConfigError, match="cannot be read as a release"):
        run(release, vintages=(broken,))


def test_weights_file_names_row_and_rule(tmp_path: Path) -> None:
    file = tmp_path / "w.csv"
    file.write_text("id,weight\ng1,2\ng2,-1\n")
    with pytest.raises(ConfigError, match=r"row 2, column 'weight': -1\.0 for 'g2'"):
        read_weights(file)
    file.write_text("id,weight\ng1,2\ng1,1\n")
    with pytest.raises(ConfigError, match="g1 stands there twice"):
        read_weights(file)
    file.write_text("id,weight\ng1,2\ni20,0\n")
    assert read_weights(file) == {"g1": 2, "i20": 0}


def test_inputs_file_names_row_and_rule(tmp_path: Path) -> None:
    file = tmp_path / "i.csv"
    head = "indicator_id,guideline_id,basis,bounds,goal_low,goal_high,weight\n"
    file.write_text(head + "i20,g2,b,maybe,0,1,1\n")
    with pytest.raises(ConfigError, match="row 1, column 'bounds': 'maybe'"):
        read_inputs(file)


def test_a_user_without_goalposts_is_told_why(release, tmp_path: Path) -> None:
    file = tmp_path / "i.csv"
    head = "indicator_id,guideline_id,basis,bounds,goal_low,goal_high,weight\n"
    file.write_text(head + "i20,g2,b,limits,0,,1\n")
    with pytest.raises(MetricInput, match="never taken from the figures"):
        run(release, inputs=read_inputs(file))
