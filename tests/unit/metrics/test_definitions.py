"""Cluster definitions: what is wrong with a set, and cells added up by one."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.commands import regional
from pipelines.errors import ConfigError, MetricInput, SchemaDrift
from pipelines.http.classify import Media
from pipelines.metrics import definitions as de
from pipelines.settings import Settings
from pipelines.sources import cluster_definition as source
from tests.conftest import Cli
from tests.replies import cells, parsed, reply

HEAD = "scheme,version,industry_scheme,industry_code,cluster,sub_cluster,class\n"
GOOD = (
    "mine,1,OWN,11,Farms,Crops,traded\nmine,1,OWN,12,Farms,Beef,traded\nmine,1,OWN,2,Shops,,local\n"
)
KNOWN = {"OWN": ["11", "12", "21", "22"]}


def rows(text: str) -> pl.DataFrame:
    return source.read_definitions(text.encode(), "mine.csv")


def found(text: str, known: dict | None = None) -> list[str]:
    return [str(problem) for problem in de.problems(rows(text), KNOWN if known is None else known)]


def test_a_good_set_has_no_problem() -> None:
    assert found(HEAD + GOOD) == []
    excluded = GOOD.replace("2,Shops,,local", "21,Shops,,local") + "mine,1,OWN,22,Rest,,excluded\n"
    assert found(HEAD + excluded) == []


def test_headers_are_read_as_people_write_them() -> None:
    text = "Scheme,Version,Industry scheme,Industry code,Cluster,Sub-cluster,Class\n" + GOOD
    assert found(text) == []
    assert (
        found(
            "scheme,scheme_version,industry_scheme,industry_code,cluster,class\n"
            "mine,1,OWN,1,Farms,traded\nmine,1,OWN,2,Shops,local\n"
        )
        == []
    )


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "12,Farms,Beef,traded",
            "11,Farms,Beef,traded",
            "row 3, industry_code: OWN 11 is in 'Farms' twice",
        ),
        (
            "12,Farms,Beef,traded",
            "11,Shops,,local",
            "row 3, industry_code: OWN 11 is assigned to 'Farms', 'Shops' without weights",
        ),
        ("12,Farms", "121,Farms", None),
        (
            "12,Farms,Beef,traded",
            "111,Farms,Beef,traded",
            "row 3, industry_code: OWN 111 is assigned by 11 as well",
        ),
        (
            "OWN,12,Farms,Beef,traded\nmine,1,",
            "",
            "industry_code: 1 industries of OWN are in no cluster: 12; "
            "give those that you leave out the class 'excluded'",
        ),
        ("Beef,traded", "Beef,local", "row 3, class: cluster 'Farms' is of 'traded' and 'local'"),
        (
            "2,Shops,,local",
            "2,Shops,Beef,local",
            "row 4, cluster: sub_cluster 'Beef' is of 'Farms' and 'Shops'",
        ),
        (
            "Shops,,local",
            "Shops,,regional",
            "row 4, class: 'regional' is none of traded, local, excluded",
        ),
        (
            "Shops,,local",
            "farms,,local",
            "row 4, cluster: 'farms' and 'Farms' have the same id, farms",
        ),
        ("Shops,,local", "??,,local", "row 4, cluster: '??' has no letter or digit of a–z, 0–9"),
        ("12,Farms", "12,", "row 3, cluster: empty"),
        (
            "mine,1,OWN,2",
            "mine,2,OWN,2",
            "row 4, version: '2' after '1': one set and version a file",
        ),
        ("OWN,12,", "OWN, 12,", "row 3, industry_code: ' 12' has blanks around it"),
    ],
)
def test_what_is_wrong_is_said_by_row(old: str, new: str, reason: str | None) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    problems = found(HEAD + text)
    assert (reason in problems) if reason else not problems


def test_weights_share_an_industry() -> None:
    head = HEAD.replace("class", "class,weight")
    text = (
        "mine,1,OWN,11,Farms,,traded,{}\nmine,1,OWN,11,Shops,,local,{}\n"
        "mine,1,OWN,12,Farms,,traded,\n"
    )
    assert found(head + text.format("0.7", "0.3"), {}) == []
    assert found(head + text.format("0.7", "0.4"), {}) == [
        "row 3, weight: weights of OWN 11 sum to 1.1, not 1"
    ]
    assert "row 3, industry_code: OWN 11 is assigned to 'Farms', 'Shops' without weights" in found(
        head + text.format("0.7", ""), {}
    )
    assert "row 2, weight: '1.5' is no number above 0 and at 1 at most" in found(
        head + text.format("1.5", "0.3"), {}
    )


def test_products_may_have_exceptions_within_a_chapter() -> None:
    text = "mine,1,HS,84,Machines,,traded\nmine,1,HS,8471,Computers,,traded\n"
    assert found(HEAD + text) == []


def test_the_projects_own_set_passes_its_own_check() -> None:
    """The seed in the layout of a user's file, under another name."""
    folder = source.SEED.parent
    classes = pl.read_csv(folder / "cluster_definition.csv", infer_schema=False)
    own = pl.read_csv(source.SEED, infer_schema=False).join(classes, on="cluster_id")
    table = (
        own.select(
            pl.lit("copy").alias("scheme"),
            pl.col("scheme_version").alias("version"),
            "industry_scheme",
            "industry_code",
            pl.col("cluster_name").alias("cluster"),
            pl.lit(None, dtype=pl.String).alias("sub_cluster"),
            pl.col("cluster_class").alias("class"),
        )
        .with_row_index("_row_no", offset=1)
        .with_columns(pl.col("_row_no").cast(pl.Int64))
    )
    assert source.check(table) == []
    cut = table.filter(pl.col("industry_code") != "3361")
    assert "2 industries" not in str(source.check(cut)) and "3361" in str(source.check(cut)[0])
    named = table.with_columns(pl.lit("clusterkpi").alias("scheme"))
    assert "project's own set" in str(source.check(named)[0])


CELLS = pl.DataFrame(
    {
        "region": ["a", "a", "a", "b", "b", "b"],
        "industry": ["111", "121", "900", "111", "112", "210"],
        "employment": [10.0, None, 7.0, 20.0, 5.0, 0.0],
        "employment_lower": [None, 4.0, None, None, None, None],
        "employment_upper": [None, 9.0, None, None, None, None],
        "establishments": [1.0, 2, 3, 4, 5, 0],
    }
)


def test_cells_are_added_up_by_hand() -> None:
    """a/Farms: 10 + withheld 4 to 9 = 14 to 19; b/Farms: 25; 900 is in no definition."""
    result = de.aggregate(CELLS, rows(HEAD + GOOD))
    assert cells(
        result.cells,
        "region",
        "cluster",
        "class",
        "employment",
        "employment_lower",
        "employment_upper",
        "establishments",
        "industries_count",
        "withheld_count",
    ) == [
        ("a", "Farms", "traded", None, 14.0, 19.0, 3.0, 2, 1),
        ("b", "Farms", "traded", 25.0, 25.0, 25.0, 9.0, 2, 0),
        ("b", "Shops", "local", 0.0, 0.0, 0.0, 0.0, 1, 0),
    ]
    assert cells(result.unmapped, "region", "industry", "employment", "reason") == [
        ("a", "900", 7.0, "in no definition")
    ]
    assert (result.employment_in, result.employment_out, result.employment_unmapped) == (46, 39, 7)


def test_shared_industries_conserve_totals() -> None:
    head = HEAD.replace("class", "class,weight")
    text = (
        "mine,1,OWN,11,Farms,,traded,0.75\nmine,1,OWN,11,Shops,,local,0.25\n"
        "mine,1,OWN,12,Farms,,traded,\nmine,1,OWN,9,Rest,,excluded,\n"
    )
    result = de.aggregate(CELLS.filter(pl.col("industry") != "210"), rows(head + text))
    farms = {r["region"]: r for r in result.cells.filter(cluster="Farms").to_dicts()}
    assert farms["b"]["employment"] == pytest.approx(18.75)
    assert (farms["a"]["employment_lower"], farms["a"]["employment_upper"]) == (11.5, 16.5)
    assert result.unmapped["reason"].to_list() == ["excluded"]
    total = result.cells["employment_lower"].sum() + result.unmapped["employment_lower"].sum()
    assert total == pytest.approx(CELLS["employment"].sum() + 4)


def test_a_withheld_cell_without_bounds_is_not_bounded() -> None:
    cell = pl.DataFrame(
        {"region": ["a"], "industry": ["11"], "employment": [None]},
        schema_overrides={"employment": pl.Float64},
    )
    row = de.aggregate(cell, rows(HEAD + GOOD)).cells.row(0, named=True)
    assert row["employment"] is None is row["employment_upper"] and row["employment_lower"] == 0


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pl.concat([CELLS, CELLS[:1]]), r"row 7 \(region 'a', industry '111'\): .*second time"),
        (CELLS.with_columns(pl.col("industry").replace("112", "1112")), "111 and 1112 are both"),
        (CELLS.with_columns(-pl.col("establishments")), "establishments is negative"),
        (CELLS.with_columns(pl.lit(30.0).alias("employment_lower")), "outside its bounds"),
    ],
)
def test_wrong_cells_are_refused(table: pl.DataFrame, message: str) -> None:
    with pytest.raises(MetricInput, match=message):
        de.aggregate(table, rows(HEAD + GOOD))


def test_files_of_sets_become_rows_or_nothing(tmp_path: Path) -> None:
    good = HEAD + GOOD
    landed = reply(tmp_path, good, Media.CSV, "cluster-definition://local/mine.csv")
    got = parsed(source.SOURCE, "mine.csv", [landed])
    assert got.bad.is_empty()
    assert cells(got.good, "industry_code", "cluster_id", "weight")[0] == ("11", "farms", None)
    with pytest.raises(SchemaDrift, match=r"mine\.csv: row 3, industry_code: OWN 11 is in 'Farms'"):
        bad = reply(tmp_path, good.replace("12,Farms", "11,Farms"), Media.CSV, "x")
        parsed(source.SOURCE, "mine.csv", [bad])
    for text, message in [
        (good.replace("cluster,", "group,"), "column cluster is not there"),
        (HEAD, "no rows"),
        ("", "not a regular CSV table"),
        (good.replace("version,", "Scheme,version,"), "there twice"),
    ]:
        with pytest.raises(SchemaDrift, match=message):
            source.read_definitions(text.encode(), "mine.csv")
    with pytest.raises(SchemaDrift, match="UTF-8"):
        source.read_definitions(good.replace("Farms", "Höfe").encode("latin-1"), "mine.csv")


def test_the_folder_is_looked_up(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert source.SOURCE.parts(settings) == []
    folder = tmp_path / source.FOLDER
    folder.mkdir()
    for name in ("b.csv", "a.csv", ".a.csv", "~a.csv", "notes.txt"):
        (folder / name).write_text("x")
    assert source.SOURCE.parts(settings) == ["a.csv", "b.csv"]


def test_template_and_check(tmp_path: Path, cli: Cli) -> None:
    file = tmp_path / "mine.csv"
    assert cli("clusters", "template", str(file))[0] == 0
    code, text = cli("clusters", "check", str(file))
    assert code == 1 and "305 industries of NAICS2022 are in no cluster" in text
    assert "4 rows, 2 clusters, 1 problem" in text
    assert cli("clusters", "template", str(file))[0] == 2
    file.write_text(HEAD + GOOD)
    code, text = cli("clusters", "check", str(file))
    assert code == 0 and "no list of the industries of OWN is known" in text
    listed = tmp_path / "own.csv"
    listed.write_text("industry_code\n11\n12\n21\n33\n")
    code, text = cli("clusters", "check", str(file), "--industries", str(listed))
    assert code == 1 and "1 industries of OWN are in no cluster: 33" in text
    assert cli("clusters", "check", str(tmp_path / "none.csv"))[0] == 2


def test_aggregate_command_feeds_specialisation(tmp_path: Path, cli: Cli) -> None:
    source_file, sets, folder = tmp_path / "i.csv", tmp_path / "mine.csv", tmp_path / "out"
    CELLS.rename({"industry": "code", "employment": "jobs"}).write_csv(source_file)
    sets.write_text(HEAD + GOOD)
    arguments = [
        "metrics",
        "aggregate",
        "--input",
        str(source_file),
        "--definitions",
        str(sets),
        "--region",
        "region",
        "--industry",
        "code",
        "--employment",
        "jobs",
        "--employment-lower",
        "employment_lower",
        "--employment-upper",
        "employment_upper",
        "--establishments",
        "establishments",
        "--output",
        str(folder),
    ]
    code, text = cli(*arguments)
    assert code == 0
    assert "3 cells, 1 with a withheld industry" in text and "46 = 39 in clusters + 7 apart" in text
    assert pl.read_parquet(folder / "unmapped.parquet")["industry"].to_list() == ["900"]
    code, text = cli(
        "metrics",
        "specialisation",
        "--input",
        str(folder / "cells.parquet"),
        "--region",
        "region",
        "--cluster",
        "cluster",
        "--employment",
        "employment",
        "--class",
        "class",
        "--employment-lower",
        "employment_lower",
        "--employment-upper",
        "employment_upper",
        "--establishments",
        "establishments",
        "--output",
        str(tmp_path / "s"),
        "--draws",
        "9",
    )
    assert code == 0 and "withheld" in text
    row = pl.read_parquet(tmp_path / "s" / "cells.parquet").row(0, named=True)
    assert row["cluster"] == "Farms" and row["lq"] is None and row["lq_lower"] == 1.0
    sets.write_text(HEAD + GOOD + "mine,1,ISIC4,01,Farms,Crops,traded\n")
    code, text = cli(*arguments)
    assert code == 2 and "has ISIC4, OWN: choose one with --industry-scheme" in text
    assert cli(*arguments, "--industry-scheme", "OWN")[0] == 0
    sets.write_text(HEAD + GOOD.replace("12,", "11,"))
    code, text = cli(*arguments)
    assert code == 2 and "row 3, industry_code: OWN 11" in text
    with pytest.raises(ConfigError, match="No such file"):
        regional._claims(tmp_path / "none.csv", None)
