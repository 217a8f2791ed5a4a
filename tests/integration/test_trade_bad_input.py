"""Wrong trade figures are caught by name: turned away row by row, refused, or held at the gate.

Each case spoils one thing in a delivery of the demo and takes it through parsing, the contract and
the suites of the gate, which is all that stands between a delivery and a release.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from expectations import runner
from expectations.model import CheckResult
from expectations.suites import SUITES
from pipelines import contracts
from pipelines.demo.baci_wire import release_body
from pipelines.errors import SchemaDrift
from pipelines.http.classify import Media
from pipelines.settings import PROJECT_ROOT
from pipelines.sources.baci import SOURCE
from tests.replies import reply

PART = "HS17_V202601"
LAST = "BACI_HS17_Y2024_V202601.csv"
CODES = "country_codes_V202601.csv"
OF_BACI = [suite for suite in SUITES if suite.name.startswith("raw.baci__")]
Members = dict[str, bytes]
Change = Callable[[Members], None]


@pytest.fixture(scope="module")
def members() -> Members:
    """The files of a good delivery."""
    with zipfile.ZipFile(io.BytesIO(release_body(20050309, 1, "HS17", "202601"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def deliver(members: Members, tmp_path: Path) -> Callable[..., tuple[pl.DataFrame, dict]]:
    """Parse a spoilt delivery and judge it: (rows turned away, failed checks by name)."""

    def run(change: Change, wdi: str = "") -> tuple[pl.DataFrame, dict[str, CheckResult]]:
        spoilt = dict(members)
        change(spoilt)
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, body in spoilt.items():
                archive.writestr(name, body)
        landed = reply(tmp_path, sink.getvalue(), Media.ZIP, f"https://x.example/BACI_{PART}.zip")
        good: dict[str, list[pl.DataFrame]] = {}
        bad = []
        for chunk in SOURCE.parse(PART, [landed]):
            gated = contracts.apply(SOURCE.table(chunk.table), chunk.rows, str(chunk.member))
            good.setdefault(chunk.table, []).append(gated.good)
            bad.append(gated.bad)
        with duckdb.connect() as con:
            con.execute("create schema raw; create schema reference")
            seed = PROJECT_ROOT / "dbt_project" / "seeds" / "reference" / "apec_economies.csv"
            con.execute(
                "create table reference.apec_economies as "
                f"select * from read_csv('{seed}', all_varchar = true)"
            )
            con.execute(
                "create table raw.wdi__observations (indicator_code varchar, "
                "economy_code_wdi varchar, period_year bigint, value double)"
            )
            if wdi:
                con.execute(f"insert into raw.wdi__observations {wdi}")
            for name, parts in good.items():
                con.register("rows", pl.concat(parts))
                con.execute(f"create table raw.baci__{name} as select * from rows")
            found = runner.run(OF_BACI, con, checked_at=datetime(2026, 11, 1, tzinfo=UTC))
        failed = {r.check_id.removeprefix("gx.raw."): r for r in found if not r.passed}
        return pl.concat(bad), failed

    return run


def edit(name: str, old: str, new: str, count: int = -1) -> Change:
    def change(files: Members) -> None:
        body = files[name].decode("latin-1")
        assert old in body, old
        files[name] = body.replace(old, new, count).encode("latin-1")

    return change


def scale_values(factor: int, name: str = "", exporter: str = "") -> Change:
    """Multiply the column v of one year, or all, of one exporter, or all."""

    def change(files: Members) -> None:
        for member in [name] if name else [n for n in files if n.startswith("BACI_")]:
            rows = pl.read_csv(files[member], infer_schema=False)
            mine = pl.col("i") == exporter if exporter else pl.lit(True)
            value = pl.col("v").cast(pl.Float64) * factor
            rows = rows.with_columns(
                pl.when(mine).then(value.round(3).cast(pl.String)).otherwise("v").alias("v")
            )
            files[member] = rows.write_csv().encode()

    return change


def test_a_good_delivery_passes(deliver: Callable) -> None:
    held, failed = deliver(lambda files: None)
    assert held["rule"].to_list() == ["below_minimum", "pattern"]  # the demo's own two bad rows
    assert failed == {}


def test_an_unknown_economy_is_held(deliver: Callable) -> None:
    _, failed = deliver(edit(LAST, "\n2024,36,156,", "\n2024,36,999,"))
    assert list(failed) == ["baci__codes.known_economy"]
    result = failed["baci__codes.known_economy"]
    assert result.severity == "critical" and ": 999: unlisted_count" in result.observed


def test_an_unknown_product_is_held(deliver: Callable) -> None:
    def change(files: Members) -> None:
        rows = pl.read_csv(files[LAST], infer_schema=False)
        product = rows["k"].mode().sort()[0]
        edit(LAST, f",{product},", f",{product[:2]}9997,")(files)

    _, failed = deliver(change)
    assert list(failed) == ["baci__chapters.known_product"]
    assert "9997" in failed["baci__chapters.known_product"].observed


def test_a_lost_zero_is_given_back_and_two_are_turned_away(deliver: Callable) -> None:
    """Five digits can only have lost one zero. Of four digits nobody knows what they were."""
    good, _ = deliver(lambda files: None)
    held, failed = deliver(lambda files: [edit(n, ",010121,", ",10121,")(files) for n in [LAST]])
    assert failed == {} and held.height == good.height
    held, _ = deliver(edit(LAST, ",010121,", ",0121,"))
    worst = held.filter(rule="pattern", column_name="product_code", value="0121")
    assert worst.height > 0
    assert worst["reason"][0] == "product_code is '0121', which does not match \\d{6}"


def test_text_that_lost_all_its_zeros_is_given_them_back(deliver: Callable) -> None:
    def change(files: Members) -> None:
        for name in [n for n in files if n.startswith(("BACI_", "product_codes"))]:
            code = "k" if name.startswith("BACI_") else "code"
            rows = pl.read_csv(files[name], infer_schema=False)
            files[name] = (
                rows.with_columns(pl.col(code).str.strip_chars_start("0"))
                .write_csv(quote_style="necessary")
                .encode()
            )

    held, failed = deliver(change)
    assert failed == {} and held["rule"].to_list() == ["below_minimum", "pattern"]


def test_no_product_below_chapter_10_is_held(deliver: Callable) -> None:
    def change(files: Members) -> None:
        rows = pl.read_csv(files[LAST], infer_schema=False)
        files[LAST] = rows.filter(pl.col("k") >= "1").write_csv().encode()

    _, failed = deliver(change)
    assert list(failed) == ["baci__flows.leading_zero"]
    assert "2024" in failed["baci__flows.leading_zero"].observed


def test_a_negative_value_is_turned_away(deliver: Callable) -> None:
    def change(files: Members) -> None:
        lines = files[LAST].decode().splitlines()
        cells = lines[5].split(",")
        lines[5] = ",".join([*cells[:4], "-" + cells[4], cells[5]])
        files[LAST] = ("\n".join(lines) + "\n").encode()

    held, failed = deliver(change)
    found = held.filter(rule="below_minimum", column_name="value_kusd", _row_no=5)
    assert found.height == 1 and "below 0" in found["reason"][0]
    assert failed == {}


def test_two_versions_are_refused(deliver: Callable, members: Members) -> None:
    def change(files: Members) -> None:
        files["BACI_HS17_Y2023_V202501.csv"] = members["BACI_HS17_Y2023_V202601.csv"]

    with pytest.raises(SchemaDrift, match=r"BACI_HS17_Y2023_V202501\.csv.*versions are never"):
        deliver(change)


@pytest.mark.parametrize(
    ("case", "check", "named"),
    [
        # Chinese Taipei's exports under the number of ISO 3166
        (edit(LAST, "\n2024,490,", "\n2024,158,"), "baci__members.no_alias", "TWN"),
        # the code of the United States taken for another economy's
        (edit(CODES, ",US,USA", ",UM,UMI"), "baci__members.own_code", "USA"),
        # a member's code is gone from the list: its flows would be nobody's
        (edit(CODES, "\n554,", "\n555,"), "baci__members.listed", "NZL"),
    ],
    ids=["alias", "own_code", "listed"],
)
def test_an_economy_under_anothers_code_is_held(
    deliver: Callable, case: Change, check: str, named: str
) -> None:
    _, failed = deliver(case)
    assert check in failed and failed[check].severity == "critical"
    assert named in failed[check].observed


def test_one_economys_rows_copied_to_another_are_held(deliver: Callable) -> None:
    """New Zealand's trade is missing, and Australia's rows stand in its place."""

    def change(files: Members) -> None:
        rows = pl.read_csv(files[LAST], infer_schema=False)
        own = rows.filter(i="36").filter(pl.col("j") != "554")
        copy = own.with_columns(pl.lit("554").alias("i"))
        rest = rows.filter((pl.col("i") != "554") & (pl.col("i") != "36"))
        files[LAST] = pl.concat([rest, own, copy]).write_csv().encode()

    _, failed = deliver(change)
    assert list(failed) == ["baci__exporters.twins"]
    observed = failed["baci__exporters.twins"].observed
    assert "Australia" in observed and "New Zealand" in observed


def test_a_year_in_dollars_is_held(deliver: Callable) -> None:
    _, failed = deliver(scale_values(1000, LAST))
    assert {"baci__flows.year_on_year", "baci__exporters.jump"} <= set(failed)
    assert "2024" in failed["baci__flows.year_on_year"].observed


def test_one_exporter_in_dollars_is_held(deliver: Callable) -> None:
    _, failed = deliver(scale_values(1000, LAST, exporter="554"))
    observed = failed["baci__exporters.jump"].observed
    assert "New Zealand" in observed and "jump_year 2024" in observed.replace(",", "")


@pytest.mark.parametrize("factor", [1000, 0.001])
def test_a_whole_release_in_another_unit_is_held(deliver: Callable, factor: float) -> None:
    """No year jumps, but the order of magnitude is not that of the World Bank's figures."""
    wdi = """
        select * from (values
            ('NY.GDP.MKTP.CD', 'AUS', 2020, 1.3e12), ('NE.EXP.GNFS.ZS', 'AUS', 2020, 24.0),
            ('NY.GDP.MKTP.CD', 'NZL', 2020, 2.1e11), ('NE.EXP.GNFS.ZS', 'NZL', 2020, 23.0))"""
    assert deliver(lambda files: None, wdi)[1] == {}
    _, failed = deliver(scale_values(factor), wdi)
    observed = failed["baci__exporters.unit"].observed
    assert "Australia" in observed and "New Zealand" in observed
    assert failed["baci__exporters.unit"].severity == "critical"
