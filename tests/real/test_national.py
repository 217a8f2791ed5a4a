"""Tables of national offices against the same files read by independent code."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from pipelines import contracts
from pipelines.landing import Landed
from pipelines.sources import abs as australia
from pipelines.sources import estat, kosis, statcan
from pipelines.sources.base import Source
from tests.real.natives import abs as native_australia
from tests.real.natives import estat as native_japan
from tests.real.natives import kosis as native_korea
from tests.real.natives import statcan as native_canada

pytestmark = pytest.mark.real


def good(source: Source, part: str, replies: list[Landed], table: str) -> pl.DataFrame:
    return pl.concat(
        contracts.apply(source.table(table), chunk.rows, part).good
        for chunk in source.parse(part, replies)
        if chunk.table == table
    )


def test_marks_of_canadian_provinces_are_counted(real_data: Path, tmp_path: Path) -> None:
    marks, withheld = Counter[str](), 0
    path = real_data / native_canada.FOLDER / native_canada.FIGURES
    with gzip.open(path, "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            marks[row["status"]] += 1
            withheld += row["value"] == ""
    got = good(statcan.SOURCE, "33100270", [native_canada.delivery(real_data, tmp_path)],
               "businesses")  # fmt: skip
    assert got["businesses_count"].null_count() == withheld == marks["x"] + marks[".."]
    assert dict(got["status"].drop_nulls().value_counts().iter_rows()) == {
        mark: rows for mark, rows in marks.items() if mark
    }
    late = got.filter(pl.col("status") == "..")
    assert set(late["measure"]) == {"Exits", "Temporary closures"}
    assert late["period"].min() == "2025-07"  # the last six months
    ontario = got.filter(geo_name="Ontario", measure="Entrants", period="2015-01")
    assert ontario["businesses_count"].item() > 1_000


def test_perturbed_cells_of_small_areas(real_data: Path, tmp_path: Path) -> None:
    got = good(australia.SOURCE, "cabee_sa2", [native_australia.delivery(real_data, tmp_path)],
               "businesses")  # fmt: skip
    assert got["businesses_count"].null_count() == 792
    counts = got["businesses_count"].drop_nulls()
    assert counts.is_in([1, 2]).sum() == 0 and counts.min() == 0
    group = ["period_year", "sa2_code_asgs", "division_code_anzsic"]
    wide = got.pivot(on="size_class", index=group, values="businesses_count")
    assert wide.height == 147_777 and set(got["division_code_anzsic"]) == set(
        "ABCDEFGHIJKLMNOPQRSU"
    )
    classes = [name for name in australia._SIZES if name != "total"]
    off = (wide["total"] - wide.select(pl.sum_horizontal(classes)).to_series()).drop_nulls()
    assert 0.4 < (off != 0).mean() < 0.6 and off.abs().max() < 25


def test_kinds_of_business_in_korea_add_up(real_data: Path, tmp_path: Path) -> None:
    got = good(kosis.SOURCE, "businesses", [native_korea.delivery(real_data, tmp_path)],
               "businesses")  # fmt: skip
    wide = got.pivot(on="business_kind", index=["period_year", "district_code_kosis"],
                     values="businesses_count")  # fmt: skip
    assert wide.height == 3_440
    assert (wide["total"] == wide["corporation"] + wide["individual"]).all()
    kinds = pl.col("individual_general", "individual_simplified", "individual_exempt")
    whole = wide.drop_nulls().with_columns(parts=pl.sum_horizontal(kinds))
    assert (whole["parts"] == whole["individual"]).all() and whole.height == 3_438
    names = got.group_by("district_name").agg(pl.col("district_code_kosis").n_unique().alias("n"))
    assert names["n"].max() == 6


def test_every_cell_of_japan_is_a_row(real_data: Path, tmp_path: Path) -> None:
    replies = native_japan.delivery(real_data, tmp_path, "areas_industries")
    counts = good(estat.SOURCE, "areas_industries", replies, "counts")
    amounts = good(estat.SOURCE, "areas_industries", replies, "amounts")
    path = real_data / native_japan.FOLDER / "ExplanatoryVariablesBase.csv"
    with path.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert counts.height + amounts.height == len(rows) * (len(rows[0]) - 1)
    truths = counts.filter(pl.col("value_count").is_null())
    assert set(truths["industry_code_jsic"]) == {"350"} and truths.height == len(rows)
    assert truths["value_count_status"].unique().to_list() == ["missing"]
    misspelt = counts.filter(industry_code_jsic="982", measure="employees")
    assert dict(misspelt.select("area_code_jis", "value_count").iter_rows()) == {
        row["AreaID"]: int(row["Semp_982"]) for row in rows
    }
    tokyo = amounts.filter(area_code_jis="13000", industry_code_jsic="15")
    assert tokyo.filter(measure="value_added_mjpy")["value_amount"].item() == -2_107_837
    cells = good(estat.SOURCE, "io_2015",
                 native_japan.delivery(real_data, tmp_path, "io_2015"), "io_cells")  # fmt: skip
    assert cells.height == 49 * 156
    nation = cells.filter(area_code_jis="00000", row_code="Y", column_code="C3")
    assert nation["value_mjpy"].item() == 302_809_197


def test_rounded_counts_of_new_zealand(real_data: Path) -> None:
    (path,) = (real_data / "new_zealand" / "statsnz").glob("TABLECODE7601_*.csv")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        values = [int(row["Value"]) for row in csv.DictReader(lines)]
    assert len(values) == 321 and all(value % 3 == 0 for value in values)
