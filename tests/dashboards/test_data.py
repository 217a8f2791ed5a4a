"""Queries against the demo release, caching across a publish, and the clocks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dashboards import data, page
from dashboards.data import Slice
from pipelines import warehouse
from pipelines.errors import ConfigError
from pipelines.settings import Settings
from pipelines.sources.base import select

Sql = Callable[..., list[tuple]]


def test_release_is_the_one_in_service(serving: Path, sql: Sql) -> None:
    release = data.release_in_service()
    row = sql("select release_id, is_synthetic, notice from meta.release")[0]
    assert (release.release_id, release.is_synthetic, release.notice) == row
    assert release.path == warehouse.current_path(serving)


def test_a_publish_shows_on_the_next_rerun_and_never_mixes(own_home: Path) -> None:
    before = data.release_in_service()
    cells = data.headline(before)["cells"]
    newer = own_home / "published" / "release_two.duckdb"
    shutil.copy(before.path, newer)
    with duckdb.connect(str(newer)) as con:
        con.execute("update meta.release set release_id = 'two'")
        con.execute("delete from marts.fct_indicator_value where indicator_id = 'rsca_export'")
        con.execute("checkpoint")
    warehouse.point_at(own_home, "two")
    after = data.release_in_service()
    assert after.release_id == "two"
    assert data.headline(after)["cells"] < cells
    # A rerun that began before the publish keeps its own release to the end.
    assert data.headline(before)["cells"] == cells
    assert not data.bases(before, "rsca_export").is_empty()
    assert data.bases(after, "rsca_export").is_empty()


def test_nothing_published_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERKPI_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="make refresh"):
        data.release_in_service()


def test_every_indicator_has_a_basis_and_kinds_of_place_are_apart(serving: Path) -> None:
    release = data.release_in_service()
    for indicator_id in data.indicators(release)["indicator_id"]:
        found = data.bases(release, indicator_id)
        assert not found.is_empty(), indicator_id
        assert found["unit"].null_count() == 0
    entry = data.bases(release, "entry_rate").select("basis", "geo_type").rows()
    assert entry[0] == ("wdi_llc_density", "economy")  # the basis of most economies leads
    assert ("bds_establishment_pct", "state") in entry
    assert len(entry) == len(set(entry))


def test_all_21_economies_are_listed_in_every_period(serving: Path) -> None:
    release = data.release_in_service()
    frame = data.series(release, Slice("entry_rate", "wdi_llc_density"), "economy")
    by_period = frame.group_by("period").len()
    assert set(by_period["len"]) == {21}
    taipei = frame.filter(pl.col("geo_id") == "TWN")
    assert taipei["geo_name"].unique().to_list() == ["Chinese Taipei"]
    assert taipei["value"].null_count() == taipei.height
    assert set(taipei["obs_status"]) <= {"L", "M"}


def test_a_series_holds_one_basis_only(serving: Path, sql: Sql) -> None:
    release = data.release_in_service()
    for basis, geo_type in data.bases(release, "entry_rate").select("basis", "geo_type").rows():
        frame = data.series(release, Slice("entry_rate", basis), geo_type)
        shown = frame.filter(pl.col("value").is_not_null())
        expected = sql(
            "select count(value), sum(value) from marts.fct_indicator_value "
            "join marts.dim_geo using (geo_id) where indicator_id = 'entry_rate' and basis = ? "
            "and cluster_id = 'all' and geo_type = ? and (is_apec or geo_type <> 'economy')",
            basis,
            geo_type,
        )[0]
        assert shown.height == expected[0]
        assert shown["value"].sum() == pytest.approx(expected[1])


def test_cross_section_holds_each_place_once(serving: Path, sql: Sql) -> None:
    release = data.release_in_service()
    basis = data.bases(release, "location_quotient").filter(pl.col("geo_type") == "county")[
        "basis"
    ][0]
    cluster = data.clusters_with_cells(release, "location_quotient", basis)["cluster_id"][0]
    period = data.periods(release, "location_quotient", basis, "county")[0]
    part = Slice("location_quotient", basis, cluster)
    frame = data.cross_section(release, part, "county", period)
    assert frame["geo_id"].is_unique().all()
    values = sql(
        "select count(value) from marts.fct_indicator_value f join marts.dim_geo g using (geo_id) "
        "where indicator_id = 'location_quotient' and basis = ? and cluster_id = ? and period = ? "
        "and geo_type = 'county'",
        basis,
        cluster,
        period,
    )[0][0]
    assert frame["value"].count() == values > 0


def test_last_checked_is_the_younger_of_file_and_record(own_home: Path) -> None:
    release = data.release_in_service()
    source, part, published = (
        data.snapshots(release).select("source_id", "part", "last_checked_at").row(0)
    )
    newer = datetime(2099, 1, 1, tzinfo=UTC)
    record = {
        f"{source}/{part}": {"last_checked_at": newer.isoformat(), "step": "unchanged"},
    }
    path = own_home / "published" / "last_checked.json"
    path.write_text(json.dumps(record))
    shown = data.snapshots(release).row(0, named=True)
    assert (shown["last_checked_at"], shown["last_step"]) == (newer, "unchanged")
    record[f"{source}/{part}"]["last_checked_at"] = datetime(1999, 1, 1, tzinfo=UTC).isoformat()
    path.write_text(json.dumps(record))
    assert data.snapshots(release)["last_checked_at"][0] == published


def test_an_indicator_names_the_parts_that_it_was_made_from(serving: Path) -> None:
    release = data.release_in_service()
    parts = data.snapshots_behind(release, "entry_rate", "bds_establishment_pct")
    assert parts["source_id"].unique().to_list() == ["bds"]
    sources = data.by_source(data.snapshots(release))
    settings = Settings(home=serving)  # without files of one's own
    read = [name for name, source in select((), settings).items() if source.parts(settings)]
    assert sources["source_id"].to_list() == read
    assert sources["attribution"].null_count() == 0
    assert sources["licence_title"].null_count() == 0


def test_a_download_carries_notice_release_and_attribution_in_every_row(serving: Path) -> None:
    release = data.release_in_service()
    parts = data.snapshots_behind(release, "entry_rate", "wdi_llc_density")
    frame = data.series(release, Slice("entry_rate", "wdi_llc_density"), "economy")
    read = pl.read_csv(page.csv(release, frame, parts), infer_schema=False)
    assert read.columns[0] == "notice"
    assert read["notice"].str.contains("SYNTHETIC").all()
    assert read["release_id"].unique().to_list() == [release.release_id]
    assert read["attribution"].str.contains("World Bank").all()
    assert read.height == frame.height
    original = frame["value"].to_list()
    assert [float(v) if v else None for v in read["value"]] == original
