"""Promoted rows of native files against the same files read by independent code."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from pipelines import contracts
from pipelines.sources.base import discover
from tests.real.native import natives, reply_of

pytestmark = pytest.mark.real


def promoted(data: Path, scratch: Path, files: str) -> pl.DataFrame:
    native = next(native for native in natives() if native.files == files)
    source = discover()[native.source]
    frames = []
    for path in sorted(data.glob(files)):
        part, reply = reply_of(native, path, data, scratch)
        for chunk in source.parse(part, [reply]):
            frames.append(contracts.apply(source.table(chunk.table), chunk.rows, path.name).good)
    return pl.concat(frames)


def test_withheld_counties_of_new_jersey_are_null_and_never_zero(
    real_data: Path, tmp_path: Path
) -> None:
    files = "us/qcew_nj_2016_by_area/*.csv.gz"
    withheld = Counter[str]()
    employed = 0
    for path in sorted(real_data.glob(files)):
        with gzip.open(path, "rt", newline="") as lines:
            for row in csv.DictReader(lines):
                code = row["disclosure_code"]
                withheld[code] += 1
                employed += 0 if code else int(row["month3_emplvl"])
    good = promoted(real_data, tmp_path, files)
    hidden = good.filter(pl.col("disclosure_code").is_not_null())
    assert hidden.height == withheld["N"] + withheld["-"] > 50_000
    assert hidden["emp_count"].null_count() == hidden["wages_usd"].null_count() == hidden.height
    assert hidden.filter(disclosure_code="N")["estabs_count"].min() > 0
    shown = good.filter(pl.col("disclosure_code").is_null())
    assert shown["emp_count"].null_count() == 0 and shown["emp_count"].sum() == employed
    cape_may = good.filter(pl.col("area_code_fips") == "34009")
    assert cape_may.height == 5032
    assert cape_may.filter(disclosure_code="N").height == 2788


def test_codes_of_business_formation_are_counted(real_data: Path, tmp_path: Path) -> None:
    files = "us/bfs/bfs_monthly.csv.gz"
    codes, total = Counter[str](), 0
    with gzip.open(real_data / files, "rt", newline="") as lines:
        reader = csv.reader(lines)
        next(reader)
        for row in reader:
            for cell in row[5:]:
                codes[cell if cell in ("D", "S", "NA", "") else "number"] += 1
                total += 1
    good = promoted(real_data, tmp_path, files)
    statuses = dict(good["value_status"].value_counts().iter_rows())
    assert statuses["suppressed"] == codes["D"] and statuses["low_reliability"] == codes["S"]
    assert statuses["missing"] == codes["NA"] and good.height == total
    assert good["value"].count() == codes["number"]


def test_regional_table_of_eurostat_cell_by_cell(real_data: Path, tmp_path: Path) -> None:
    files = "eurostat/sbs/*.tsv.gz"
    good = promoted(real_data, tmp_path, files).filter(dataset_code="sbs_r_nuts06_r2")
    got = {
        (row[0], row[1], row[2]): (row[3], row[4])
        for row in good.select("area_code", "dimensions", "period", "value", "flags").iter_rows()
    }
    confidential = checked = 0
    path = real_data / "eurostat/sbs/sbs_r_nuts06_r2.tsv.gz"
    with gzip.open(path, "rt", newline="") as lines:
        years = [cell.strip() for cell in next(lines).rstrip("\r\n").split("\t")[1:]]
        for number, line in enumerate(lines):
            key, *row = line.rstrip("\r\n").split("\t")
            if number % 40:
                continue
            nace, indicator, geo = key.split(",")
            for year, cell in zip(years, row, strict=True):
                text, _, flags = cell.strip().partition(" ")
                series = f'{{"nace_r2":"{nace}","indic_sb":"{indicator}"}}'
                value, shown = got[geo, series, year]
                assert value == (None if text == ":" else float(text))
                assert (shown or "") == flags.strip()
                confidential += "c" in flags
                checked += 1
    assert checked > 39_000 and confidential > 1_000
