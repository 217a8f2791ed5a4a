"""Official input-output tables: their own totals, and the bridge to NAICS."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.settings import PROJECT_ROOT
from tests.real.natives.bea import table

pytestmark = pytest.mark.real
BRIDGE = PROJECT_ROOT / "dbt_project" / "seeds" / "reference" / "bea_industries.csv"


def industries() -> list[str]:
    return pl.read_csv(BRIDGE, infer_schema=False)["bea_summary_code"].unique().to_list()


@pytest.mark.parametrize("year", range(2012, 2024))
def test_what_an_industry_uses_and_adds_is_its_output(real_data: Path, year: int) -> None:
    rows, _ = table(real_data / f"us/bea_io/BEA_Summary_Use_SUT_{year}_17sch.csv")
    cells = rows.with_columns(pl.col("value_musd").cast(pl.Float64))
    wide = cells.filter(pl.col("column_code").is_in(industries())).pivot(
        "row_code", index="column_code", values="value_musd"
    )
    assert wide.height == len(industries()) == 67
    # totals of 66 rounded cells each: the published sum may differ by their rounding
    gap = (wide["T005"] + wide["VABAS"] - wide["T018"]).abs()
    assert gap.max() <= 5, wide.filter(gap > 5)


def test_every_six_digit_industry_has_one_place_in_the_accounts(real_data: Path) -> None:
    """The seed's prefixes against the Bureau's own list, six digits by six digits."""
    official = pl.read_csv(
        real_data / "us/bea_io/NAICS_to_BEA_Crosswalk_2017.csv", infer_schema=False
    ).filter(
        pl.col("NAICS_2017_Code").str.contains(r"^\d{6}$")  # others are codes of its own
        & ~pl.col("NAICS_2017_Code").str.starts_with("92")
    )
    seed = dict(pl.read_csv(BRIDGE, infer_schema=False).iter_rows())

    def place(code: str) -> str | None:
        found = [seed[code[:n]] for n in range(6, 1, -1) if code[:n] in seed]
        return found[0] if found else None

    pairs = official.select("NAICS_2017_Code", "BEA_2017_Summary_Code").unique().rows()
    assert len(pairs) > 1000
    assert [(code, bea, place(code)) for code, bea in pairs if place(code) != bea] == []
