"""Export linkage: figures of the file in table and pictures, and what happens without them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dashboards import charts_exports, data
from dashboards.style import Look
from dashboards.views import exports
from tests.dashboards.conftest import Run, html_of

Sql = Callable[..., list[tuple]]
HOSTILE = "<script>alert(1)</script>' or 1=1 --"


def table_of(html: str) -> dict[str, list[str]]:
    """Cluster → text of its cells."""
    rows = re.findall(r'<tr data-cluster="([^"]+)">(.*?)</tr>', html, re.S)
    return {
        name.replace("&amp;", "&"): [
            re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", body, re.S)
        ]
        for name, body in rows
    }


def test_the_table_has_the_figures_of_the_file(serving: Path, run_page: Run, sql: Sql) -> None:
    test = run_page("exports", params={"exports_economy": "Viet Nam"})
    assert not test.exception
    period = test.selectbox(key="exports_year").value
    shown = table_of(html_of(test))
    cells = sql(
        "select c.cluster_name, f.indicator_id, f.value, f.obs_status "
        "from marts.fct_indicator_value f join marts.dim_cluster c using (cluster_id) "
        "where geo_id = 'VNM' and period = ? and cluster_id <> 'all' "
        "and (indicator_id, basis) in (('rsca_export', 'baci_gross_exports'), "
        "('export_market_penetration', 'baci_hs6'), ('export_survival_3y', 'baci_hs6_strict'))",
        period,
    )
    columns = {"rsca_export": 0, "export_market_penetration": 2, "export_survival_3y": 3}
    assert {name for name, *_ in cells} == set(shown)
    assert {status for *_, status in cells} & {"M", "U"}, "the demo has cells with a mark"
    for name, indicator, value, status in cells:
        text = shown[name][columns[indicator]]
        mark = "" if status in ("A", "Z") else f" {status}"
        if value is None:
            assert text == mark.strip()
        elif indicator == "rsca_export":
            figure, _, rest = text.partition(" ")
            assert float(figure.replace("−", "-")) == pytest.approx(value, abs=0.0051)
            assert rest == mark.strip()
        else:
            assert text == f"{100 * value:.0f}%{mark}"
    ahead = sum(v > 0 for _, i, v, _ in cells if i == "rsca_export" and v is not None)
    assert f"an export advantage in {ahead} of {len(shown)} clusters" in test.header[0].value
    assert len(test.get("vega_lite_chart")) == 5


def test_the_other_window_of_growth_gives_other_figures(serving: Path, run_page: Run) -> None:
    test = run_page("exports")
    first = table_of(html_of(test))
    test.segmented_control(key="exports_window").set_value("baci_hs6_5y").run()
    assert not test.exception
    other = table_of(html_of(test))
    assert [row[0] for row in first.values()] == [row[0] for row in other.values()]
    assert [row[1] for row in first.values()] != [row[1] for row in other.values()]


def test_complexity_of_a_cluster_is_that_of_its_headings(serving: Path, sql: Sql) -> None:
    """Fishing has all of chapter 03 (`0301` … `0308`) and single headings: added up by hand."""
    period = sql("select max(period) from marts.product_complexity")[0][0]
    codes = dict(
        sql(
            "select industry_code, cluster_id from reference.cluster_industry "
            "where industry_scheme = 'HS' and scheme = 'clusterkpi'"
        )
    )
    sums: dict[str, list[float]] = {}
    for code, pci, exported in sql(
        "select product_code_hs4, pci, world_exports_kusd from marts.product_complexity "
        "where period = ? and pci is not null",
        period,
    ):
        cluster = codes.get(code, codes.get(code[:2]))
        if cluster is not None:
            total = sums.setdefault(cluster, [0.0, 0.0])
            total[0] += pci * exported
            total[1] += exported
    found = data.cluster_complexity(data.release_in_service(), period)
    assert dict(found.select("cluster_id", "pci").rows()) == pytest.approx(
        {cluster: above / below for cluster, (above, below) in sums.items()}
    )


def test_hostile_addresses_give_the_usual_view(serving: Path, run_page: Run) -> None:
    usual = run_page("exports")
    keys = ("exports_economy", "exports_year", "exports_window")
    hostile = run_page("exports", params=dict.fromkeys(keys, HOSTILE))
    assert not hostile.exception and "<script" not in html_of(hostile)
    assert [box.value for box in hostile.selectbox] == [box.value for box in usual.selectbox]


def test_without_figures_the_page_says_so(own_home: Path, run_page: Run) -> None:
    with duckdb.connect(str(own_home / "published" / "release_one.duckdb")) as con:
        con.execute(
            "update marts.fct_indicator_value set value = null, value_lower = null, "
            "value_upper = null, obs_status = 'C', components = map() "
            "where starts_with(basis, 'baci_') and geo_id = 'AUS'"
        )
        con.execute(
            "delete from marts.fct_indicator_value where indicator_id = 'export_survival_3y'"
        )
    held = run_page("exports")
    assert not held.exception
    assert "no advantage can be told" in held.header[0].value
    assert len(held.info) == 5 and not held.get("vega_lite_chart")
    cells = {text for row in table_of(html_of(held)).values() for text in row}
    assert cells == {"C", "·"}
    one_missing = run_page("exports", params={"exports_economy": "Peru"})
    assert not one_missing.exception
    assert len(one_missing.info) == 1 and len(one_missing.get("vega_lite_chart")) == 4


def test_a_release_without_exports_says_so(own_home: Path, run_page: Run) -> None:
    with duckdb.connect(str(own_home / "published" / "release_one.duckdb")) as con:
        con.execute("delete from marts.fct_indicator_value where indicator_id = 'rsca_export'")
    assert "no exports by cluster" in run_page("exports").info[0].value


@pytest.mark.parametrize("sizes", [[6.0, 6, 4, 3, 2, 2, 1], [5.0], [1e9, 1.0, 1e-6], [1.0] * 20])
def test_a_treemap_keeps_the_areas_and_fills_the_whole(sizes: list[float]) -> None:
    spots = charts_exports.squarified(sizes, 6, 4)
    areas = [(x2 - x) * (y2 - y) for x, y, x2, y2 in spots]
    assert areas == pytest.approx([24 * size / sum(sizes) for size in sizes])
    assert min(x for x, *_ in spots) == 0 and max(spot[2] for spot in spots) == pytest.approx(6)
    assert min(y for _, y, *_ in spots) == 0 and max(spot[3] for spot in spots) == pytest.approx(4)
    for one, (x, y, x2, y2) in enumerate(spots):
        for u, v, u2, v2 in spots[one + 1 :]:
            overlap = (min(x2, u2) - max(x, u), min(y2, v2) - max(y, v))
            assert min(overlap) <= 1e-9


def test_squarified_is_the_example_of_its_authors() -> None:
    """Bruls, Huizing and van Wijk, figure 4: 6, 6, 4, 3, 2, 2, 1 in 6 × 4."""
    spots = charts_exports.squarified([6, 6, 4, 3, 2, 2, 1], 6, 4)
    assert spots[:2] == [(0, 0, 3, 2), (0, 2, 3, 4)]
    assert spots[2][:2] == (3, 0) and spots[2][3] == pytest.approx(7 / 3 - 0)
    assert charts_exports.squarified([]) == []


def test_a_flow_with_few_observations_is_drawn_apart() -> None:
    frame = pl.DataFrame(
        {
            "cluster_name": ["Many", "Few"],
            "survival": [0.4, 1.0],
            "survival_lower": [0.3, None],
            "survival_upper": [0.5, None],
            "survival_status": ["A", "U"],
        }
    )
    spec = charts_exports.survival(frame, look=Look()).to_dict()
    rows = [row for rows in spec["datasets"].values() for row in rows]
    assert {(row["cluster_name"], row["kind"]) for row in rows if "kind" in row} >= {
        ("Few", "few flows (U)"),
        ("Many", "value"),
    }


def test_a_measure_without_cells_has_empty_columns(serving: Path) -> None:
    release = data.release_in_service()
    cells = data.exports_by_cluster(release, "PER", "2024").filter(
        pl.col("indicator_id") != "hhi_market"
    )
    wide = exports.by_cluster(cells, "baci_hs6_3y")
    assert wide["hhi_market"].is_null().all() and wide["hhi_product"].is_not_null().any()
    assert wide["cluster_id"].is_unique().all()
