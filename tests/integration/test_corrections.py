"""Corrections of publishers' errors: shown where they are applied, a stop once they are mended."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

from pipelines import dbt, warehouse
from pipelines.errors import BuildFailed
from pipelines.settings import Settings

SEED = dbt.PROJECT_DIR / "seeds" / "corrections" / "correction.csv"


def corrections() -> list[dict[str, str]]:
    with SEED.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_demo_plants_every_known_error_and_says_what_was_used_instead(demo_home: Path) -> None:
    with duckdb.connect(str(warehouse.current_path(demo_home)), read_only=True) as con:
        shown = con.execute(
            "select correction_id, right_value, cells_count, snapshot_id in "
            "(select snapshot_id from meta.source_snapshot) from meta.correction_applied"
        ).fetchall()
    assert {row[0] for row in shown} == {row["correction_id"] for row in corrections()}
    for _, _, cells, is_known in shown:
        assert cells == 1 and is_known


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One home for all: what dbt has read of the project serves the next run."""
    return Settings(home=tmp_path_factory.mktemp("corrections"))


@pytest.mark.parametrize("published", ["wrong", "mended", "withdrawn", "absent"])
def test_a_correction_that_the_publisher_made_needless_stops_the_build(
    settings: Settings, published: str
) -> None:
    code, economy, year = corrections()[0]["row_key"].split("|")
    sent = {"wrong": corrections()[0]["wrong_value"], "mended": "1.55", "withdrawn": "null"}
    warehouse.new_candidate(settings)
    with warehouse.open_candidate(settings) as con:
        con.execute("create schema raw")
        con.execute(
            "create table raw.wdi__observations "
            "(indicator_code varchar, economy_code_wdi varchar, period_year integer, value double)"
        )
        # every source with corrections has its raw table, if only an empty one
        con.execute(
            "create table raw.usda__attainment (period_year integer, area_code_fips5 varchar, "
            "level_code varchar, adults_count bigint)"
        )
        if published != "absent":
            con.execute(
                f"insert into raw.wdi__observations values ('{code}', '{economy}', {year}, "
                f"{sent[published]})"
            )
    dbt.run(settings, "seed", "--select", "correction")
    words = ("test", "--select", "corrections_are_still_needed")
    if published in ("wrong", "absent"):
        assert [node.status for node in dbt.run(settings, *words)] == ["pass"]
    else:
        with pytest.raises(BuildFailed, match="corrections_are_still_needed"):
            dbt.run(settings, *words)
