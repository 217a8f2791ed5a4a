"""Japan's e-Stat: prefectures and cities by industry, and their input-output tables.

Wide tables, one row for each area: establishments and employees by group of the Japan Standard
Industrial Classification (Economic Census for Business Frame, 2014), sales and value added by
division (Economic Census for Business Activity, 2012), residents (2015), and regional input-output
tables of 12 sectors (2015).

Quirks:
- A column is a measure and an industry: `SFirm_091` establishments and `SEmp_091` employees of
  group 091, `Firm_4`, `VA_4` and `Sales_4` of division 4. Groups may end in a letter (`32A`). They
  are unpivoted before anything is cast, a cell becomes a row.
- `SFirm_350` holds `True` and `False` instead of numbers of establishments: no figure, "missing".
- `SEmp_982` is spelt `Semp_982`: capital letters do not count in headers.
- The code of an area is JIS X 0401/0402 with five digits; its zeros in front are part of it. 00000
  is the nation, `01000` a prefecture, `01100` a city in it: never sum over all rows.
- Some prefectures are not in the tables (those without an input-output table of 2015). The list of
  areas tells which ones belong there: so a row that is missing shows.
- The first header cell of the input-output tables is `AreaID(string)`, and their first line is
  empty. `R1C2` is what sector 2 buys from sector 1, `Y3` the output of sector 3, in million yen.
  A city of the list may have no such table, every prefecture has one.
- Value added may be negative (Tokyo, division 15); counts may not.

Unconfirmed: a route for programs. The interface of e-Stat takes its key in the address only, where
every log would keep it. So the source is off when it is live, until an address is set under which
the tables are kept as `AreaID.csv`, `ExplanatoryVariablesBase.csv` and `IOTable.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, prove_csv, read_csv
from pipelines.sources.national import address, bound, off_when_live

_TABLES = "https://www.e-stat.go.jp/stat-search/files"
_AREAS = "AreaID.csv"
_FILES = {"areas_industries": "ExplanatoryVariablesBase.csv", "io_2015": "IOTable.csv"}
_AREA_HEADERS = ("AreaID", "AreaID(string)")

# Header (in small letters) → measure, year, level of industry.
_BY_INDUSTRY = {
    "sfirm": ("establishments", "2014", "group"),
    "semp": ("employees", "2014", "group"),
    "firm": ("establishments", "2012", "division"),
    "va": ("value_added_mjpy", "2012", "division"),
    "sales": ("sales_mjpy", "2012", "division"),
}
_OF_AREA = {
    "income": "taxable_income_kjpy",
    "tp": "taxpayers",
    "poplf": "labour_force",
    "unemp": "unemployed",
    "pop15": "population_15_and_over",
}
_AMOUNTS = ("value_added_mjpy", "sales_mjpy", "taxable_income_kjpy")
_COUNTS = (
    "establishments",
    "employees",
    "taxpayers",
    "labour_force",
    "unemployed",
    "population_15_and_over",
)
_ALL = "all"  # in the place of an industry where the figure has none
_WITH_INDUSTRY = re.compile(r"(sfirm|semp|firm|va|sales)_(\d{1,3}|\d{2}[a-z])")
_CELL = re.compile(r"(r\d{1,2})(c\d{1,2})|(y)(\d{1,2})")

_AREA = Column("area_code_jis", required=True, pattern=r"\d{5}")
AREAS = Table("areas", (_AREA, Column("area_name", required=True)), key=("area_code_jis",))


def _table(name: str, measures: tuple[str, ...], value: Column) -> Table:
    return Table(
        name,
        (
            _AREA,
            Column("measure", required=True, allowed=measures),
            Column("period_year", "integer", required=True, minimum=2000, maximum=2100),
            Column("industry_level", required=True, allowed=("group", "division", _ALL)),
            Column("industry_code_jsic", required=True, pattern=rf"\d{{1,3}}|\d{{2}}[A-Z]|{_ALL}"),
            value,
        ),
        key=("area_code_jis", "measure", "period_year", "industry_level", "industry_code_jsic"),
        period="period_year",
    )


# A truth value is no number; the office's tables have them in one column.
_TRUTHS = {"True": "missing", "False": "missing"}
COUNTS = _table(
    "counts", _COUNTS, Column("value_count", "integer", "cell", codes=_TRUTHS, minimum=0)
)
AMOUNTS = _table("amounts", _AMOUNTS, Column("value_amount", "number", "cell"))
IO_CELLS = Table(
    "io_cells",
    (
        _AREA,
        Column("period_year", "integer", required=True, minimum=2000, maximum=2100),
        Column("row_code", required=True, pattern=r"R\d{1,2}|Y"),
        Column("column_code", required=True, pattern=r"C\d{1,2}"),
        Column("value_mjpy", "number"),
    ),
    key=("area_code_jis", "period_year", "row_code", "column_code"),
    period="period_year",
)


class EStat(Source):
    """Economic census and input-output tables by prefecture; a part is one table."""

    id = "estat"
    title = "Economic census by prefecture, and regional input-output tables"
    publisher = "Statistics Bureau of Japan and prefectures, through e-Stat"
    homepage = "https://www.e-stat.go.jp/en"
    cadence = "with each economic census, about every two to five years"
    max_age_days = 3650
    licence = Licence(
        "JP-STU-2.0",
        "Government of Japan Standard Terms of Use 2.0, compatible with CC BY 4.0",
        "https://www.e-stat.go.jp/en/terms-of-use",
        "Portal Site of Official Statistics of Japan (e-Stat); edited and processed",
    )
    tables = (AREAS, COUNTS, AMOUNTS, IO_CELLS)

    def off(self, settings: Settings) -> str:
        return off_when_live(self.id, "e-Stat takes its key in the address only", settings)

    def parts(self, settings: Settings) -> list[str]:
        return list(_FILES)

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        """The list of areas, then the table."""
        if len(answers) > 1:
            return None
        file = _FILES[part] if answers else _AREAS
        url = f"{address(self.id, _TABLES, settings)}/{file}"
        return RequestSpec(self.id, part, url, media=Media.CSV, static=True)

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """A whole table with a row for each area of the list, and for no other.

        Raises:
            Incomplete: one of the two did not come, or an area has no row that has to have one.
        """
        for reply in replies:
            prove_csv(reply)
        if len(replies) != 2:
            raise Incomplete(
                Outcome.TRUNCATED, f"{part}: the list of areas came, the table did not"
            )
        listed, table = (_area_codes(reply) for reply in replies)
        if part == "io_2015":  # a city may have none
            listed = {code for code in listed if code.endswith("000") or code in table}
        if odd := listed ^ table:
            raise Incomplete(
                Outcome.TRUNCATED,
                f"{replies[1].name}: {len(table)} areas came, {len(listed)} are listed; not in "
                f"both are {', '.join(sorted(odd)[:5])}: rows are missing",
            )
        return Proof(replies[1].sha256[:12])

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        for reply in replies:
            rows = read_csv(reply.read(), reply.name)
            if reply.url.rsplit("/", 1)[-1] == _AREAS:
                names = {"area_code_jis": _AREA_HEADERS, "area_name": ("AreaName",)}
                if part == "areas_industries":  # the other part has the same list
                    yield Chunk("areas", bound(rows, names, reply.name))
            elif part == "io_2015":
                yield Chunk("io_cells", _io_cells(rows, reply.name))
            else:
                cells = _measures(rows, reply.name)
                amounts = pl.col("measure").is_in(_AMOUNTS)
                yield Chunk("counts", cells.filter(~amounts))
                yield Chunk("amounts", cells.filter(amounts))


def _area_codes(reply: Landed) -> set[str]:
    rows = read_csv(reply.read(), reply.name)
    codes = bound(rows, {"code": _AREA_HEADERS}, reply.name)["code"]
    return set(codes.str.strip_chars().drop_nulls())


def _long(rows: pl.DataFrame, where: str) -> pl.DataFrame:
    """One row for each area and other column: `area_code_jis`, `header`, `cell`."""
    area = next((h for h in rows.columns if h.strip() in _AREA_HEADERS), None)
    if area is None:
        raise SchemaDrift(
            f"{where}: none of the columns {', '.join(_AREA_HEADERS)} is there; the file begins "
            f"with {', '.join(rows.columns[1:6])}"
        )
    cells = [header for header in rows.columns if header not in (area, "_row_no")]
    if not cells:
        raise SchemaDrift(f"{where}: there is no column beside {area}")
    return (
        rows.rename({area: "area_code_jis"})
        .filter(~pl.all_horizontal(pl.col("area_code_jis", *cells).fill_null("") == ""))
        .unpivot(index="area_code_jis", on=cells, variable_name="header", value_name="cell")
        .with_row_index("_row_no", offset=1)
        .with_columns(pl.col("_row_no").cast(pl.Int64))
    )


def _described(rows: pl.DataFrame, about: Mapping[str, Mapping[str, str | None]]) -> pl.DataFrame:
    """Rows with what their header means, in columns of their own."""
    meaning = pl.DataFrame(
        [{"header": header, **columns} for header, columns in about.items()],
        infer_schema_length=None,
    ).with_columns(pl.all().cast(pl.String))
    return rows.join(meaning, on="header", how="left", maintain_order="left")


def _measures(rows: pl.DataFrame, where: str) -> pl.DataFrame:
    long = _long(rows, where)
    about = {header: _meaning(header) for header in long["header"].unique().to_list()}
    if all(columns["industry_level"] == _ALL for columns in about.values()):
        raise SchemaDrift(
            f"{where}: no column is a measure and an industry (SFirm_…, SEmp_…); the file begins "
            f"with {', '.join(rows.columns[1:6])}"
        )
    return _described(long, about)


def _meaning(header: str) -> dict[str, str]:
    """What a column holds; one that is not known keeps its name and is held back."""
    name = header.strip().lower()
    if match := _WITH_INDUSTRY.fullmatch(name):
        measure, year, level = _BY_INDUSTRY[match[1]]
        code = match[2].upper()
    else:
        measure, year, level, code = _OF_AREA.get(name, header), "2015", _ALL, _ALL
    return {
        "measure": measure,
        "period_year": year,
        "industry_level": level,
        "industry_code_jsic": code,
    }


def _io_cells(rows: pl.DataFrame, where: str) -> pl.DataFrame:
    long = _long(rows, where)
    about: dict[str, dict[str, str | None]] = {}
    for header in long["header"].unique().to_list():
        match = _CELL.fullmatch(header.strip().lower())
        if match is None:
            row, column = header, None
        else:
            row = (match[1] or match[3]).upper()
            column = match[2].upper() if match[2] else f"C{match[4]}"
        about[header] = {"row_code": row, "column_code": column}
    if not any(columns["column_code"] for columns in about.values()):
        raise SchemaDrift(f"{where}: no column is a cell (R1C1, …, Y12)")
    return (
        _described(long, about)
        .with_columns(period_year=pl.lit("2015"))
        .rename({"cell": "value_mjpy"})
    )


SOURCE = EStat()
