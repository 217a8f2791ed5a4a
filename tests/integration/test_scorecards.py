"""Commands on the demo's release: composite and coverage."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines import coverage, warehouse
from tests.conftest import Cli


def test_composite_writes_its_tables_and_repeats_itself(
    cli: Cli, demo_home: Path, tmp_path: Path
) -> None:
    words = ["composite", "--home", str(demo_home), "--sobol", "64", "--seed", "5"]
    code, said = cli(*words, "--output", str(tmp_path / "a"), "--format", "parquet")
    assert code == 0, said
    assert "SYNTHETIC" in said and "read the profile first" in said
    code, _ = cli(*words, "--output", str(tmp_path / "b"), "--format", "parquet")
    assert code == 0
    names = sorted(file.name for file in (tmp_path / "a").iterdir())
    assert len(names) == 8
    for name in names:
        one, two = (pl.read_parquet(tmp_path / folder / name) for folder in "ab")
        assert one.equals(two), name
    scores = pl.read_parquet(tmp_path / "a" / "scores.parquet")
    assert scores.filter(pl.col("period") == scores["period"].max()).height == 21


def test_wrong_options_end_with_2(cli: Cli, demo_home: Path) -> None:
    home = ("--home", str(demo_home))
    for words, message in [
        (("--period", "soon"), "write a year"),
        (("--draws", "10"), "at least 2,000"),
        (("--carry", "9"), "at most 3"),
        (("--release", "x"), "is not kept"),
        (("--period", "1890"), "no period between"),
    ]:
        code, said = cli("composite", *home, *words)
        assert code == 2 and message in " ".join(said.split()), said


def test_coverage_lists_every_indicator_for_every_member(cli: Cli, demo_home: Path) -> None:
    with warehouse.open_published(demo_home) as con:
        rows = coverage.matrix(con)
        listed = con.execute("select count(*) from marts.bridge_guideline_indicator").fetchall()
    economies = rows.filter(pl.col("geo_type") == "economy")
    assert economies.height == listed[0][0] * 21
    blank = economies.filter(~pl.col("coverage_status").is_in(coverage.FILLED))
    assert blank["reason"].null_count() == 0
    assert len(coverage.core_filled(rows)) >= 14
    for words in ((), ("--core",), ("--by", "economy"), ("--indicator", "local_talent_share")):
        code, said = cli("coverage", "--home", str(demo_home), *words)
        assert code == 0 and "of 24 core indicators have values" in said, said
    code, said = cli("coverage", "--home", str(demo_home), "--indicator", "nonsense")
    assert code == 2 and "is not in the catalogue" in said
    code, said = cli("coverage", "--home", str(demo_home), "--markdown", "Demo")
    assert code == 0 and said.startswith("## Demo")


def test_no_basis_is_compared_with_another(demo_home: Path) -> None:
    """A value is never beside the peers of another basis: medians recomputed from the cells."""
    with warehouse.open_published(demo_home) as con:
        wrong = con.execute(
            """
            with latest as (
                select f.*, row_number() over (
                    partition by indicator_id, basis, cluster_id, geo_id order by period desc
                ) as n
                from marts.fct_indicator_value f
                where value is not null and indicator_id = 'entry_rate'
            ),
            newest as (
                select basis, max(period) as newest from latest where n = 1 group by basis
            ),
            peers as (
                select p.geo_id, l.basis, median(l.value) as peer_median, count(*) as known
                from marts.mart_peer p
                join latest l on l.geo_id = p.peer_geo_id and l.n = 1 and l.obs_status <> 'U'
                join newest w on w.basis = l.basis and l.period::int >= w.newest::int - 3
                where p.peer_group = 'apec'
                group by all
            )
            select m.geo_id, m.basis, m.peer_median, peers.peer_median
            from marts.mart_guideline_profile m
            join peers using (geo_id, basis)
            where m.indicator_id = 'entry_rate' and m.peer_group = 'apec'
                and m.peer_median is not null
                and abs(m.peer_median - peers.peer_median) > 1e-12
            """
        ).fetchall()
        bases = con.execute(
            "select count(distinct basis) from marts.mart_guideline_profile "
            "where indicator_id = 'entry_rate'"
        ).fetchall()
    assert wrong == [] and bases[0][0] >= 2


def test_two_sets_are_compared_by_what_they_say_of_regions(
    cli: Cli, demo_home: Path, tmp_path: Path
) -> None:
    words = ["clusters", "compare", "clusterkpi", "clusterkpi", "--home", str(demo_home)]
    code, said = cli(*words, "--geo-type", "state", "--output", str(tmp_path))
    assert code == 0, said
    pairs = pl.read_csv(tmp_path / "comparison.csv")
    assert pairs.height == pairs["cluster_id"].n_unique() ** 2
    closest = pairs.filter("is_closest")
    assert closest["cluster_id"].to_list() == closest["other_cluster_id"].to_list()
    assert closest["rank_correlation"].min() > 1 - 1e-12
    code, said = cli("clusters", "compare", "clusterkpi", "nobody", "--home", str(demo_home))
    assert code == 2 and "no cells of the scheme 'nobody'" in said
    code, said = cli(*words, "--geo-type", "moon")
    assert code == 2 and "no moon × clusters" in said
