"""Complexity on long tables: rows that are refused by name, what is said, and the command.

The example of test_complexity.py as presence: A has 1, 2 and 3, B has 1 and 2, C has 1.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.commands.tables import TableFormat, TableSink
from pipelines.errors import ConfigError, MetricInput
from pipelines.metrics.complexity import complexity
from pipelines.metrics.complexity_table import panels, scores, tables
from tests.conftest import Cli

NESTED = [("A", "1"), ("A", "2"), ("A", "3"), ("B", "1"), ("B", "2"), ("C", "1")]


def rows_of(*rows: tuple) -> pl.DataFrame:
    columns = ["period", "location", "product", "value"]
    return pl.DataFrame(
        [dict(zip(columns[4 - len(row) :], row, strict=True)) for row in rows],
        schema_overrides={"value": pl.Float64},
    )


def presence_file(folder: Path, *extra: str) -> Path:
    file = folder / "panel.csv"
    lines = [f"2020,{location},{product},1" for location, product in NESTED]
    file.write_text("\n".join(["year,who,what,has", *lines, *extra]) + "\n")
    return file


def test_every_pair_is_a_cell_and_codes_are_sorted() -> None:
    rows = rows_of(("2021", "b", "y", 2), ("2020", "b", "x", 1), ("2020", "a", "y", 3),
                   ("2020", "a", "z", 0), ("2020", "é", "x", 5))  # fmt: skip
    first, second = panels(rows)
    assert (first.period, second.period) == ("2020", "2021")
    assert first.locations.to_list() == ["a", "b", "é"]
    assert first.products.to_list() == ["x", "y", "z"]
    assert first.values.tolist() == [[0, 3, 0], [1, 0, 0], [5, 0, 0]]
    found = tables(first)
    pairs = found.cells.select("period", "location", "product").rows()
    assert pairs == list(itertools.product(["2020"], ["a", "b", "é"], ["x", "y", "z"]))
    assert found.cells["value"].to_list() == [0, 3, 0, 1, 0, 0, 5, 0, 0]
    assert found.cells.columns == [
        "period", "location", "product", "value", "rca", "m", "density", "cog",
    ]  # fmt: skip
    assert found.locations.columns == ["period", "location", "diversity", "eci", "coi"]
    assert found.products.columns == ["period", "product", "ubiquity", "pci"]


def test_tables_hold_what_the_formulas_give() -> None:
    rng = np.random.default_rng(2)
    values = np.exp(rng.normal(size=(9, 14))) * (rng.random((9, 14)) < 0.6)
    rows = pl.DataFrame(
        [
            {"location": f"l{i}", "product": f"p{j:02d}", "value": values[i, j]}
            for i, j in rng.permutation(np.argwhere(values >= 0))
        ]
    )
    (panel,) = panels(rows)
    found, direct = tables(panel), complexity(values)
    assert found.problem is None and direct.problem is None
    for name in ("rca", "density", "cog"):
        flat = getattr(direct, name).ravel()
        assert found.cells[name].to_numpy() == pytest.approx(flat, nan_ok=True)
    assert found.cells["m"].to_list() == direct.presence.astype(int).ravel().tolist()
    assert found.locations["eci"].to_list() == direct.eci.tolist()
    assert found.products["pci"].to_list() == direct.pci.tolist()
    assert found.cells["period"].dtype == pl.String and found.cells["period"].null_count() == 126


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (("2020", "C", "2", None), r"row 3 \(period '2020', location 'C', product '2', value None"),
        (("2020", "C", "2", float("nan")), "row 3 .*no finite number"),
        (("2020", "C", "2", float("inf")), "row 3 .*no finite number"),
        (("2020", "C", "2", -1.0), "row 3 .*negative"),
        (("2020", None, "2", 1.0), "row 3 .*location is empty"),
        (("2020", "A", "1", 1.0), "row 3 .*this pair came before"),
    ],
)
def test_wrong_rows_are_refused_by_name(bad: tuple, message: str) -> None:
    rows = rows_of(("2019", "A", "1", 2), ("2020", "A", "1", 2), bad)
    with pytest.raises(MetricInput, match=message):
        list(panels(rows))


def test_duplicates_and_gaps_only_when_asked() -> None:
    rows = rows_of(("A", "1", 2), ("A", "1", 3), ("B", "1", None))
    with pytest.raises(MetricInput, match=r"row 3 .*value is empty"):
        next(panels(rows, duplicates="sum"))
    with pytest.raises(MetricInput, match=r"row 2 .*came before"):
        next(panels(rows, missing="zero"))
    (panel,) = panels(rows, duplicates="sum", missing="zero")
    assert panel.values.tolist() == [[5], [0]]
    with pytest.raises(MetricInput, match=r"row 1 .*neither 0 nor 1"):
        next(panels(rows, duplicates="sum", missing="zero", presence="given"))
    with pytest.raises(MetricInput, match="no rows"):
        next(panels(rows.clear()))
    with pytest.raises(MetricInput, match="duplicates 'first'"):
        next(panels(rows, duplicates="first"))


def test_what_is_left_out_is_said_by_name() -> None:
    """D has nothing, E and F share product 4 alone, product 5 is nobody's."""
    rows = [(*pair, 1.0) for pair in NESTED]
    more = [("D", "5", 0.0), ("E", "4", 1.0), ("F", "4", 1.0)]
    (panel,) = panels(rows_of(*rows, *more), presence="given")
    found = tables(panel, presence="given")
    said = "\n".join(found.notes)
    assert "1 location left out, no value at all: D" in said
    assert "1 product left out, no value at all: 5" in said
    assert "2 locations left out, not connected" in said and "E, F" in said
    assert "1 product left out, only in such a location: 4" in said
    eci = dict(found.locations.select("location", "eci").rows())
    assert eci["D"] is None and eci["E"] is None and eci["A"] > 0 > eci["C"]
    assert found.locations.filter(pl.col("location") == "D")["diversity"].item() == 0
    nobody = found.cells.filter(pl.col("location") == "D")
    assert nobody["density"].null_count() == nobody["cog"].null_count() == 5
    assert found.cells["rca"].null_count() == found.cells.height


def _pairs(*pairs: tuple[str, str], sample: str, period: int = 2020) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"period": period, "location": a, "product": b, "is_in_sample": a in sample}
            for a, b in pairs
        ]
    )


def test_scores_of_a_sample_and_of_those_outside() -> None:
    """A, B and C as above have ECI 3, 0, -3 and PCI -3, 3, 9, all / √6. D, outside, has 2 and 3
    and a product 7 that nobody in the sample has: mean of 3 and 9. E, in the sample, shares 8 with
    nobody. F, outside, has nothing that has a PCI."""
    pairs = [*NESTED, ("D", "2"), ("D", "3"), ("D", "7"), ("E", "8"), ("F", "7")]
    found = scores(_pairs(*pairs, sample="ABCE"))
    by = {row["code"]: row for row in found.iter_rows(named=True)}
    assert {code: by[code]["degree"] for code in "ABCDEF"} == dict(
        zip("ABCDEF", [3, 2, 1, 3, 1, 1], strict=True)
    )
    assert [by[code]["complexity"] for code in "ABCD"] == pytest.approx(
        np.array([3, 0, -3, 6]) / 6**0.5
    )
    assert by["E"]["complexity"] is None and by["F"]["complexity"] is None
    assert [by[code]["complexity"] for code in "123"] == pytest.approx(
        np.array([-3, 3, 9]) / 6**0.5
    )
    assert by["7"]["complexity"] is None and by["7"]["degree"] == 0 and by["8"]["degree"] == 1
    assert [by[code]["is_in_eigenproblem"] for code in "ABCDEF"] == [True] * 3 + [False] * 3
    assert by["A"]["second_eigenvalue"] == pytest.approx(1 / 4) and by["A"]["problem"] is None
    assert by["A"]["sign_correlation"] == pytest.approx(1)


def test_scores_of_a_year_without_a_sample_say_why() -> None:
    years = [_pairs(*NESTED, sample="ABC"), _pairs(*NESTED, sample="", period=2019)]
    found = scores(pl.concat(years))
    assert found["period"].to_list() == [2019] * 6 + [2020] * 6
    without = found.filter(pl.col("period") == 2019)
    assert without["complexity"].null_count() == 6
    assert without["problem"].unique().to_list() == ["no location is in the sample"]
    assert found.filter(pl.col("period") == 2020)["complexity"].null_count() == 0
    assert scores(found.select(
        "period", pl.lit("").alias("location"), pl.lit("").alias("product"),
        pl.lit(True).alias("is_in_sample"),
    ).clear()).schema == found.schema  # fmt: skip
    with pytest.raises(MetricInput, match=r"period 2020: a pair .* twice"):
        scores(_pairs(*NESTED, NESTED[0], sample="ABC"))


def test_the_command_writes_three_tables(cli: Cli, tmp_path: Path) -> None:
    words = ["metrics", "complexity", "--input", str(presence_file(tmp_path)), "--location", "who"]
    words += ["--product", "what", "--value", "has", "--presence", "given", "--period", "year"]
    words += ["--normalise", "population", "--output", str(tmp_path / "out")]
    code, said = cli(*words)
    assert code == 0 and "9 cells, 1 periods" in said
    cells = pl.read_parquet(tmp_path / "out" / "cells.parquet")
    assert cells.filter(pl.col("location") == "C")["density"].to_list() == pytest.approx(
        [0, 4 / 7, 2 / 5]
    )
    # the vector (-4, 2, 8) in units of ECI's deviation √6
    assert cells.filter(pl.col("location") == "C")["cog"].to_list() == pytest.approx(
        [0, 24 / 5 / 6**0.5, 6 / 7 / 6**0.5]
    )
    assert cells["period"].to_list() == ["2020"] * 9 and cells["m"].sum() == 6
    locations = pl.read_parquet(tmp_path / "out" / "locations.parquet")
    assert locations["eci"].to_list() == pytest.approx([3 / 6**0.5, 0, -3 / 6**0.5])
    outlook = np.array([0, 8, 8 / 7 + 16 / 5])
    assert locations["coi"].to_list() == pytest.approx((outlook - outlook.mean()) / outlook.std())
    code, said = cli(*words, "--format", "csv")
    again = pl.read_csv(tmp_path / "out" / "cells.csv", schema=cells.schema)
    assert code == 0 and again.equals(cells)
    assert not list((tmp_path / "out").glob(".*"))
    pl.read_csv(presence_file(tmp_path)).write_parquet(tmp_path / "panel.parquet")  # typed columns
    words[words.index("--input") + 1] = str(tmp_path / "panel.parquet")
    assert cli(*words)[0] == 0
    assert pl.read_parquet(tmp_path / "out" / "cells.parquet").equals(cells)


@pytest.mark.parametrize(
    ("extra", "words", "message"),
    [
        (
            "2020,A,1,1",
            [],
            "row 7 (period '2020', location 'A', product '1', value 1.0): this pair",
        ),
        ("2020,D,1,", [], "row 7 (period '2020', location 'D', product '1', value None): value is"),
        ("2020,D,1,x", [], "row 7, column 'has': 'x' is no finite number"),
        ("2020,D,1,2", [], "row 7 (period '2020', location 'D', product '1', value 2.0): presence"),
        ("2020,,1,1", [], "row 7, column 'who': empty"),
        ("", ["--location", "what"], "--location and --product are the same column"),
        ("", ["--value", "amount"], "no column 'amount'"),
    ],
)
def test_the_command_names_what_is_wrong(
    cli: Cli, tmp_path: Path, extra: str, words: list[str], message: str
) -> None:
    given = {"--location": "who", "--value": "has"}
    given |= {words[n]: words[n + 1] for n in range(0, len(words), 2)}
    code, said = cli(
        "metrics", "complexity", "--input", str(presence_file(tmp_path, extra)),
        "--product", "what", "--period", "year", "--presence", "given",
        *(word for pair in given.items() for word in pair), "--output", str(tmp_path / "out"),
    )  # fmt: skip
    assert code == 2 and message in said
    assert not list((tmp_path / "out").glob("*")), "a failed run leaves no table behind"


def test_a_period_without_an_eci_is_reported_and_the_rest_stays(cli: Cli, tmp_path: Path) -> None:
    file = presence_file(tmp_path, "2021,A,1,1", "2021,B,1,1", "2021,B,2,1", "2021,A,2,1")
    code, said = cli(
        "metrics", "complexity", "--input", str(file), "--location", "who", "--product", "what",
        "--value", "has", "--period", "year", "--presence", "given", "--output", str(tmp_path),
    )  # fmt: skip
    assert code == 0 and "no ECI in 1 of 2 periods" in said
    assert "2021: no ECI, PCI, COI and COG: all locations have the same products" in said
    locations = pl.read_parquet(tmp_path / "locations.parquet")
    assert locations.filter(pl.col("eci").is_not_null())["period"].to_list() == ["2020"] * 3


def test_pieces_of_a_table_and_a_failure_between_them(tmp_path: Path) -> None:
    piece = pl.DataFrame({"a": ["x", None], "b": [1.5, None]})
    for kind in TableFormat:
        with TableSink(tmp_path, "t", kind) as sink:
            sink.write(piece)
            sink.write(piece)
        read = pl.read_csv if kind is TableFormat.CSV else pl.read_parquet
        assert read(sink.target).equals(pl.concat([piece, piece]))
    before = sink.target.read_bytes()
    with pytest.raises(ZeroDivisionError), TableSink(tmp_path, "t", kind) as sink:
        sink.write(piece)
        raise ZeroDivisionError
    assert sink.target.read_bytes() == before and not list(tmp_path.glob(".*"))
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot write"), TableSink(tmp_path / "file", "t", kind):
        pass
