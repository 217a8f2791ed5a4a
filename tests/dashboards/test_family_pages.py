"""The pages of the guideline families: figures of the file, verdicts, and what is not there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dashboards import charts_families, data, shapes
from dashboards.style import DARK, LIGHT, Look, Palette
from dashboards.views import entry, ict
from tests.dashboards.conftest import Run, html_of

Sql = Callable[..., list[tuple]]
HOSTILE = "<script>alert(1)</script>' or 1=1; attach 'x' --"
VIEWS = {
    "enclave": ("enclave_year", "enclave_path"),
    "people": ("people_economies",),
    "ict": ("ict_basis", "ict_economy"),
    "entry": ("entry_level", "entry_year", "entry_state", "rivalry_level"),
}


def table_of(html: str) -> dict[str, list[str]]:
    """Economy → text of its cells."""
    rows = re.findall(r'<tr data-economy="([^"]+)">(.*?)</tr>', html, re.S)
    return {
        name: [
            re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", body, re.S)
        ]
        for name, body in rows
    }


def change(home: Path, *statements: str) -> None:
    with duckdb.connect(str(home / "published" / "release_one.duckdb")) as con:
        for statement in statements:
            con.execute(statement)


@pytest.mark.parametrize("view", list(VIEWS))
def test_hostile_addresses_give_the_usual_view(serving: Path, run_page: Run, view: str) -> None:
    usual = run_page(view)
    hostile = run_page(view, params=dict.fromkeys(VIEWS[view], HOSTILE))
    assert not usual.exception and not hostile.exception
    assert "<script" not in html_of(hostile)
    assert [box.value for box in hostile.selectbox] == [box.value for box in usual.selectbox]
    assert [box.value for box in hostile.multiselect] == [box.value for box in usual.multiselect]


@pytest.mark.parametrize("view", list(VIEWS))
def test_everything_withheld_is_said_and_not_drawn(
    own_home: Path, run_page: Run, view: str
) -> None:
    change(
        own_home,
        "update marts.fct_indicator_value set value = null, value_lower = null, "
        "value_upper = null, obs_status = 'C', components = map()",
        "delete from marts.mart_enclave_quadrant",
        "update marts.business_dynamics set entry_rate_pct = null, exit_rate_pct = null, "
        "estabs_entry_count = null, obs_status = 'C'",
        "update marts.region_cluster set rivalry = null, obs_status = 'C'",
    )
    test = run_page(view)
    assert not test.exception
    assert test.info, "nothing says why the page is empty"
    assert not test.get("vega_lite_chart")


@pytest.mark.parametrize("view", list(VIEWS))
def test_a_release_without_these_figures_says_so(own_home: Path, run_page: Run, view: str) -> None:
    change(
        own_home,
        "delete from marts.fct_indicator_value",
        "delete from marts.mart_enclave_quadrant",
        "delete from marts.business_dynamics",
        "delete from marts.region_cluster",
    )
    test = run_page(view)
    assert not test.exception
    assert "This release" in test.info[0].value


def test_quadrants_are_those_of_the_file(serving: Path, run_page: Run, sql: Sql) -> None:
    test = run_page("enclave", params={"enclave_path": ["Chile", "Peru"]})
    assert not test.exception
    assert test.multiselect(key="enclave_path").value == ["CHL", "PER"]
    period = test.selectbox(key="enclave_year").value
    cells = sql(
        "select geo_name, quadrant, enclave_gap from marts.mart_enclave_quadrant "
        "join marts.dim_geo using (geo_id) where period = ?",
        period,
    )
    html = html_of(test)
    risk = [name for name, quadrant, _ in cells if quadrant == "enclave risk"]
    assert f"enclave risk in {len(risk)} of {len(cells)} economies" in test.header[0].value
    assert f'<span class="ck-figure">{len(risk)}</span>' in html
    shown = table_of(html)
    assert len(shown) == 21
    for name, _, gap in cells:
        assert float(shown[name][0].split()[0].replace("−", "-")) == pytest.approx(gap, abs=0.0051)
    absent = set(shown) - {name for name, *_ in cells}
    assert absent and all(shown[name][0] in ("L", "M") for name in absent)


def test_people_are_the_newest_figures(serving: Path, run_page: Run, sql: Sql) -> None:
    test = run_page("people", params={"people_economies": ["Japan"]})
    assert not test.exception
    shown = table_of(html_of(test))
    assert len(shown) == 21
    cells = sql(
        "select geo_name, arg_max(value, period) from marts.fct_indicator_value "
        "join marts.dim_geo using (geo_id) where indicator_id = 'tertiary_enrolment' and is_apec "
        "and basis = 'wdi_gross_pct' and value is not null group by geo_name"
    )
    assert len(cells) > 10
    for name, value in cells:
        assert shown[name][0].startswith(f"{value:.0f}%")
    assert shown["Chinese Taipei"] == ["L"] * 6
    assert len(test.get("vega_lite_chart")) == 4


def test_years_behind_are_those_of_the_file(serving: Path, run_page: Run, sql: Sql) -> None:
    test = run_page("ict")
    assert not test.exception
    basis = test.segmented_control(key="ict_basis").value
    frame = ict.newest_lag(data.adoption_by_size(data.release_in_service(), basis))
    cells = sql(
        "select geo_id, arg_max(value, period), max(period) from marts.fct_indicator_value "
        "join marts.dim_geo using (geo_id) where indicator_id = 'sme_followership_lag' "
        "and basis = ? and is_apec and (value is not null or value_lower is not null "
        "or value_upper is not null) group by geo_id",
        basis,
    )
    assert {(row["geo_id"], row["period"]) for row in frame.to_dicts()} == {
        (geo, period) for geo, _, period in cells
    }
    lags = [lag for lag in frame["lag"] if lag is not None]
    assert f"{min(lags):.0f} to {max(lags):.0f} years" in test.header[0].value
    assert len(test.get("vega_lite_chart")) == 4


def test_the_lag_leads_back_to_where_large_firms_were(serving: Path) -> None:
    """The dashed line ends on the curve of the large ones: between two surveys, on their line."""
    frame = data.adoption_by_size(data.release_in_service(), "oecd_online_orders")
    checked = 0
    for row in ict.newest_lag(frame).drop_nulls(["lag", "sme_pct"]).to_dicts():
        own = frame.filter(pl.col("geo_id") == row["geo_id"]).drop_nulls("large_pct")
        large = dict(own.select(pl.col("period").cast(pl.Int64), "large_pct").rows())
        when = int(row["period"]) - row["lag"]
        before, after = int(when), int(when) + 1
        if before in large and after in large:
            low, high = sorted((large[before], large[after]))
            assert low - 0.5 <= row["sme_pct"] <= high + 0.5, row["geo_id"]
            checked += 1
    assert checked >= 5


def test_entry_against_exit_counts_what_the_file_has(
    serving: Path, run_page: Run, sql: Sql
) -> None:
    for cut, words in (("state", "US states"), ("county", "US counties")):
        test = run_page("entry", params={"entry_level": words})
        assert not test.exception
        period = test.selectbox(key="entry_year").value
        ahead, known = sql(
            "select count(*) filter (entry_rate_pct > exit_rate_pct), count(*) "
            "from marts.business_dynamics where cut = ? and period = ? "
            "and entry_rate_pct is not null and exit_rate_pct is not null",
            cut,
            period,
        )[0]
        assert f"in {ahead:,} of {known:,} {words}" in test.header[0].value


def test_entry_by_sector_is_the_rate_that_the_pipeline_has(serving: Path, sql: Sql) -> None:
    """The rate of each state and sector follows from the same terms; here for all states."""
    period = sql("select max(period) from marts.business_dynamics where cut = 'state_sector'")[0][0]
    terms: dict[str, list[float]] = {}
    for sector, entered, left, here, rate in sql(
        "select sector_code_naics, estabs_entry_count, estabs_exit_count, estabs_count, "
        "entry_rate_pct from marts.business_dynamics where cut = 'state_sector' and period = ?",
        period,
    ):
        before = here - entered + left
        if here + before:
            assert rate == pytest.approx(100 * entered / ((here + before) / 2))
        total = terms.setdefault(sector, [0.0, 0.0])
        total[0] += entered
        total[1] += (here + before) / 2
    found = data.entry_by_sector(data.release_in_service(), period)
    assert dict(found.select("sector_code_naics", "entry_rate_pct").rows()) == pytest.approx(
        {sector: 100 * entered / mean for sector, (entered, mean) in terms.items()}
    )


def _test(*rows: tuple[float, float, bool]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["value_lower", "value_upper", "is_placebo"], orient="row")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(-0.1, 0.1, False), (-0.1, 0.1, True)], "Not decided"),
        ([(0.1, 0.2, False), (-0.1, 0.1, True)], "and no placebo"),
        ([(0.1, 0.2, False)], "no earlier years are at hand for a placebo"),
        ([(0.1, 0.2, False), (0.1, 0.2, True)], "placebo is above 0 too"),
        ([(-0.2, -0.1, False), (-0.1, 0.1, True)], "Rather less"),
        ([(-0.1, 0.1, False), (0.1, 0.2, True)], "Not decided"),
    ],
)
def test_broadband_is_credited_only_without_a_placebo(
    rows: list[tuple[float, float, bool]], said: str
) -> None:
    assert said in ict.verdict(_test(*rows))


def test_a_claim_is_supported_only_by_intervals_above_zero() -> None:
    frame = pl.DataFrame({"value_lower": [-0.5, 0.1, -0.9], "value_upper": [0.5, 0.6, -0.1]})
    assert "Supported in 1, contradicted in 1 of 3 years" in entry.verdict(frame)
    assert "Not decided" in entry.verdict(frame.head(1))


def test_widened_keeps_every_row_and_marks_what_has_no_cell() -> None:
    cells = pl.DataFrame(
        {
            "indicator_id": ["a", "a", "b"],
            "basis": ["x", "y", "x"],
            "geo_id": ["AUS", "AUS", "PER"],
            "period": ["2020", "2021", "2022"],
            "value": [1.0, 2.0, None],
            "value_lower": [None, None, 3.0],
            "value_upper": [None, None, 4.0],
            "obs_status": ["A", "A", "C"],
        }
    )
    rows = pl.DataFrame({"geo_id": ["PER", "AUS", "JPN"]})
    wide = shapes.widened(
        cells, rows, "geo_id", {"one": ("a", "x"), "two": ("b", "x"), "none": ("c", "x")}
    )
    assert wide["geo_id"].to_list() == ["PER", "AUS", "JPN"]
    assert wide["one"].to_list() == [None, 1.0, None]
    assert wide["two_status"].to_list() == ["C", None, None]
    assert wide["two_upper"].to_list() == [4.0, None, None]
    assert wide["none"].is_null().all() and wide["none_status"].is_null().all()


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_a_bound_of_a_lag_is_told_as_one(palette: Palette) -> None:
    frame = pl.DataFrame(
        {
            "geo_name": ["One", "Two", "Three"],
            "period": ["2024"] * 3,
            "lag": [4.0, None, None],
            "lag_lower": [None, 12.0, None],
            "lag_upper": [None, None, 2.0],
            "lag_status": ["A", "M", "M"],
        }
    )
    spec = charts_families.behind(frame, look=Look(palette)).to_dict()
    rows = next(iter(spec["datasets"].values()))
    assert {row["geo_name"]: row["text"] for row in rows} == {
        "One": "4.0 years (2024)",
        "Two": "at least 12.0 years (2024)",
        "Three": "at most 2.0 years (2024)",
    }
