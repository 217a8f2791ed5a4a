"""Input-output workbooks around a synthetic economy.

The accounts balance: what an industry uses and adds is its output; what of a commodity is supplied
is used.

Belongs here: figures and the layout of a sheet (titles, names, codes, notes, `...`). Does not
belong here: which cells a source keeps.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime

import httpx2 as httpx
import numpy as np
import polars as pl
import xlsxwriter

from pipelines.demo.hosts import Demo, Route
from pipelines.demo.noise import Floats, Noise, ids
from pipelines.demo.packing import packed
from pipelines.settings import PROJECT_ROOT

_YEARS = 3
_FEWEST_MUSD = 0.5  # smaller cells are printed as `...`


def codes() -> list[str]:
    """Industries, which are the commodities too; made of the seed that bridges to NAICS."""
    bridge = PROJECT_ROOT / "dbt_project" / "seeds" / "reference" / "bea_industries.csv"
    found = pl.read_csv(bridge, infer_schema=False)["bea_summary_code"]
    return found.unique(maintain_order=True).to_list()


def accounts(seed: int, year: int) -> dict[str, tuple[list[str], list[str], Floats]]:
    """Row codes, column codes and cells (million USD) of each table."""
    names = codes()
    who, count = ids(names), len(names)
    year_no = np.uint64(year)
    output = 400_000 * np.exp(0.8 * Noise(seed, "bea output").normal(who)) * 1.04 ** (year - 2020)
    recipe = np.exp(1.6 * Noise(seed, "bea recipe").normal(who[:, None], who[None, :]))
    recipe = recipe + np.eye(count) * recipe.mean() * 12
    bought = 0.35 + 0.25 * Noise(seed, "bea bought").uniform(who)
    wobble = np.exp(0.03 * Noise(seed, "bea wobble").normal(who[:, None], who[None, :], year_no))
    shares = recipe * wobble
    use = np.rint(shares / shares.sum(axis=0) * bought * output)
    value_added = np.rint(output) - use.sum(axis=0)
    wages, taxes = np.rint(0.55 * value_added), np.rint(0.04 * value_added)
    make = np.zeros((count, count))
    np.fill_diagonal(make, np.rint(output * 0.96))
    aside = (np.arange(count) + 1) % count
    make[aside, np.arange(count)] += np.rint(output) - np.diag(make)
    domestic = make.sum(axis=1)
    imports = np.rint(domestic * 0.15 * Noise(seed, "bea imports").uniform(who))
    intermediate = use.sum(axis=1)
    final = domestic + imports - intermediate
    rows = [*names, "T005", "V001", "T00OTOP", "V003", "VABAS", "T018"]
    added = np.stack(
        [use.sum(axis=0), wages, taxes, value_added - wages - taxes, value_added, np.rint(output)]
    )
    table = np.vstack([use, added])
    edge = np.zeros((len(added), 3))
    edge[:, 0] = added.sum(axis=1)
    totals = np.hstack([np.stack([intermediate, final, intermediate + final], axis=1).T, edge.T]).T
    supply = np.hstack([make, np.stack([domestic, imports, domestic + imports], axis=1)])
    return {
        "Use_SUT_Framework": (rows, [*names, "T001", "F010", "T019"], np.hstack([table, totals])),
        "Supply": (names, [*names, "T007", "MCIF", "T013"], supply),
    }


def archive(seed: int, years: range) -> bytes:
    """The zip of all workbooks, summary level."""
    members = []
    for name in ("Use_SUT_Framework", "Supply"):
        sheets = {str(year): accounts(seed, year)[name] for year in years}
        members.append((f"{name}_{years[0]}-{years[-1]}_SUM.xlsx", _workbook(name, sheets)))
    return packed(members, datetime(years[-1] + 2, 9, 26, 8, 30))


def _workbook(title: str, sheets: dict[str, tuple[list[str], list[str], Floats]]) -> bytes:
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True})
    book.set_properties({"created": datetime(2000, 1, 1)})  # same figures, same bytes
    book.add_worksheet("ReadMe").write_string(0, 0, "SYNTHETIC demonstration figures")
    for year, (rows, columns, cells) in sheets.items():
        sheet = book.add_worksheet(year)
        for number, text in enumerate((title, "(Millions of dollars)", f"SYNTHETIC, {year}")):
            sheet.write_string(number, 0, text)
        sheet.write_row(4, 0, ["", "Name", *(f"Industry {code}" for code in columns)])
        sheet.write_row(5, 0, ["Code", "", *columns])
        for number, (code, row) in enumerate(zip(rows, cells, strict=True), start=6):
            printed = [float(cell) if abs(cell) >= _FEWEST_MUSD else "..." for cell in row]
            sheet.write_row(number, 0, [code, f"Commodity {code}", *printed])
        sheet.write_string(len(rows) + 7, 0, "Note. Detail may not add to total due to rounding.")
    book.close()
    return sink.getvalue()


def _answer(demo: Demo, request: httpx.Request) -> httpx.Response:
    years = range(demo.today.year - 1 - _YEARS, demo.today.year - 1)
    made = datetime(demo.today.year - 1, 9, 26, 8, 30, tzinfo=UTC)
    return demo.file(request, lambda: archive(demo.seed, years), made, "application/zip")


ROUTES = (
    Route(
        r"https://apps\.bea\.gov/industry/iTables(?: |%20)Static(?: |%20)Files/AllTablesSUP\.zip",
        _answer,
    ),
)
