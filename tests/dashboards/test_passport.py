"""The passport page: any number down to its sources, and what an address may ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import escape
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import data, links, words
from dashboards.data import Cell
from tests.dashboards.conftest import Run, html_of

Sql = Callable[..., list[tuple]]
COUNTY = {
    "indicator": "location_quotient",
    "basis": "cbp_employment",
    "cluster": "automotive",
    "geo": "USA-FIPS-06037",
    "period": "2020",
}
KEY = (
    "indicator_id = 'location_quotient' and basis = 'cbp_employment' and "
    "cluster_id = 'automotive' and geo_id = 'USA-FIPS-06037' and period = '2020'"
)


def test_address_and_number() -> None:
    address = links.passport("entry_rate", "KOR", "2020", "a&b", None)
    assert address == "passport?indicator=entry_rate&basis=a%26b&geo=KOR&period=2020"
    assert links.number("<1>", address).count("<") == 2
    assert links.where_from([]) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.3823695578674343, "0.3823695578674343"),
        (4391778.0, "4,391,778"),
        (-0.1, "−0.1"),
        (1e22, "1e+22"),
        (None, ""),
    ],
)
def test_exact_digits(value: float | None, text: str) -> None:
    assert words.exact(value) == text


def test_it_says_what_the_file_says_of_the_cell(serving: Path, run_page: Run, sql: Sql) -> None:
    test = run_page("passport", params=COUNTY)
    assert not test.exception and not test.info
    html = html_of(test)
    value, status, terms, ids = sql(
        "select value, obs_status, components, source_ids from marts.fct_indicator_value "
        f"where {KEY}"
    )[0]
    assert words.exact(value) in html and f">{status}</span>" in html
    assert test.header[0].value == (
        "Location quotient, Los Angeles County, Motor vehicles and parts, 2020"
    )
    for term in terms.values():
        assert f'<td data-label="Value" class="ck-num">{words.exact(term)}</td>' in html
    snapshots = sql(
        "select url, entity_sha256[1], canonical_sha256, attribution, licence_title "
        "from meta.source_snapshot where list_contains(?, snapshot_id)",
        ids,
    )
    assert snapshots and html.count("<li><h4") == len(snapshots)
    for row in snapshots:
        for text in row:
            assert escape(text) in html
    formula, model = sql(
        "select formula, sql_model from marts.dim_indicator "
        "where indicator_id = 'location_quotient'"
    )[0]
    assert escape(formula) in html and model in html
    passed = sql(
        "select count(*) filter (where passed) from marts.passport_checks('location_quotient', "
        "'USA-FIPS-06037', '2020', cluster := 'automotive', basis := 'cbp_employment')"
    )[0][0]
    assert f"<dt>Passed</dt><dd>{passed}</dd>" in html
    assert "clusterkpi explain location_quotient --geo USA-FIPS-06037" in test.code[0].value
    assert sql(test.code[1].value)[0][:3] == (
        "location_quotient",
        "Location quotient",
        "USA-FIPS-06037",
    )
    assert "No correction" in " ".join(caption.value for caption in test.caption)


def test_the_boxes_hold_the_address_and_the_address_the_boxes(
    serving: Path, run_page: Run, sql: Sql
) -> None:
    test = run_page("passport", params=COUNTY)
    assert {name: test.selectbox(key=f"passport_{name}").value for name in COUNTY} == COUNTY
    test.selectbox(key="passport_period").select("2019").run()
    assert _asked(test) == {**COUNTY, "period": "2019"}
    assert test.header[0].value.endswith("2019")
    # Another indicator: what belonged to the old one gives way to what is there.
    test.selectbox(key="passport_indicator").select("rsca_export").run()
    assert not test.exception and not test.info
    asked = _asked(test)
    assert asked["cluster"] == "automotive" and asked["basis"] == "baci_gross_exports"
    assert sql(
        "select count(*) from marts.fct_indicator_value where indicator_id = 'rsca_export' "
        "and geo_id = ? and period = ?",
        asked["geo"],
        asked["period"],
    )[0][0]


def test_another_kind_of_place_is_a_choice(serving: Path, run_page: Run) -> None:
    test = run_page("passport", params=COUNTY)
    test.selectbox(key="passport_kind").select("state").run()
    assert not test.exception and not test.info
    assert re.fullmatch(r"USA-FIPS-\d\d", test.selectbox(key="passport_geo").value)


@pytest.mark.parametrize("name", list(COUNTY))
@pytest.mark.parametrize(
    "text", ["1066", "' or 1=1 --", "<script>alert(1)</script>", "", "../../etc/passwd", "x" * 5000]
)
def test_an_address_of_no_cell_shows_no_other_cell(
    serving: Path, run_page: Run, name: str, text: str
) -> None:
    test = run_page("passport", params={**COUNTY, name: text})
    assert not test.exception
    assert not test.header, "another cell is shown than the one that was asked for"
    assert f"asks for {name}" in test.info[0].value and "<" not in test.info[0].value
    assert len(test.info[0].value) < 250
    assert "<script>" not in html_of(test)


def test_a_withheld_cell_says_its_interval_and_an_empty_one_why(
    own_home: Path, run_page: Run
) -> None:
    release = own_home / "published" / "release_one.duckdb"
    with duckdb.connect(str(release)) as con:
        con.execute(
            "update marts.fct_indicator_value set value = null, obs_status = 'C', "
            f"value_lower = 0.25, value_upper = 1.5 where {KEY}"
        )
        con.execute(
            "update marts.fct_indicator_value set value = null, value_lower = null, "
            "value_upper = null, obs_status = 'L', components = map {}, source_ids = [] "
            "where indicator_id = 'broadband_adoption'"
        )
    html = html_of(run_page("passport", params=COUNTY))
    assert "0.250 – 1.500" in html or "0.25 – 1.50" in html
    assert "Confidential" in html
    test = run_page("passport", params={"indicator": "broadband_adoption"})
    assert not test.exception
    html = html_of(test)
    assert "no figure" in html and "No landed source" in html
    told = " ".join(caption.value for caption in test.caption)
    assert "no terms" in told and "No source stands behind" in told


def test_a_release_of_an_earlier_version_has_no_passports(own_home: Path, run_page: Run) -> None:
    with duckdb.connect(str(own_home / "published" / "release_one.duckdb")) as con:
        con.execute("drop macro table marts.passport_terms")
    test = run_page("passport")
    assert not test.exception and "earlier" not in html_of(test)
    assert "without passports" in test.info[0].value


def test_a_corrected_cell_says_so(serving: Path, sql: Sql, run_page: Run) -> None:
    # Not every correction ends in a cell of its own place: a territory's row may feed sums alone.
    corrected = sql(
        "select a.snapshot_id, a.reason, v.indicator_id, v.geo_id, v.period, v.basis, v.cluster_id "
        "from meta.correction_applied as a join marts.fct_indicator_value as v "
        "on list_contains(v.source_ids, a.snapshot_id) "
        "and list_contains(string_split(a.row_key, '|'), v.period) "
        "and list_contains(string_split(a.row_key, '|'), v.geo_id) "
        "where a.cells_count > 0 order by all limit 1"
    )
    assert corrected, "no cell of any corrected row"
    snapshot, reason, *key = corrected[0]
    release = data.release_in_service()
    cell = Cell(*key)
    assert data.passport_corrections(release, cell, [snapshot])["reason"].to_list() == [reason]
    names = ("indicator", "geo", "period", "basis", "cluster")
    test = run_page("passport", params=dict(zip(names, key, strict=True)))
    assert escape(reason) in html_of(test)
    assert data.passport_corrections(release, cell, ["other"]).is_empty()


def test_every_indicator_and_basis_has_a_passport(serving: Path, sql: Sql) -> None:
    release = data.release_in_service()
    cells = sql(
        "select indicator_id, min_by(geo_id, hash(geo_id, period, cluster_id)), "
        "min_by(period, hash(geo_id, period, cluster_id)), basis, "
        "min_by(cluster_id, hash(geo_id, period, cluster_id)) "
        "from marts.fct_indicator_value where value is not null group by indicator_id, basis "
        "order by hash(indicator_id, basis) limit 12"
    )
    for key in cells:
        cell = Cell(*key)
        found = data.passport(release, cell)
        assert found is not None, key
        terms = data.passport_terms(release, cell)
        assert terms.height == len(found["components"]), key
        assert terms["place"].to_list() == list(range(1, terms.height + 1)), key
        parts = data.passport_snapshots(release, found["source_ids"])
        assert parts["snapshot_id"].to_list() == sorted(found["source_ids"]), key


def test_tables_link_each_number_to_its_passport(serving: Path, run_page: Run) -> None:
    for view, arguments, params in (
        ("guideline", ("'g7_entry'",), {}),
        ("compare", (), {"economies": ["Peru", "Japan"]}),
        ("economy", (), {}),
    ):
        html = html_of(run_page(view, *arguments, params=params))
        addresses = re.findall(r'href="passport\?([^"]+)"', html)
        assert len(addresses) > 20, view
        asked = dict(part.split("=") for part in addresses[-1].replace("&amp;", "&").split("&"))
        assert _passport(run_page, asked).header, view


def test_the_whole_passport_can_be_taken_away(
    serving: Path, run_page: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Callable[[], str]] = {}

    def keep(label: str, data: Callable[[], str], *_: object, **__: object) -> None:
        made[label] = data

    monkeypatch.setattr("dashboards.views.passport.st.download_button", keep)
    assert not run_page("passport", params=COUNTY).exception
    told = json.loads(made["Download this passport (JSON)"]())
    assert told["cell"]["geo_id"] == COUNTY["geo"] and told["is_synthetic"] is True
    assert told["terms"] and told["snapshots"][0]["entity_sha256"] and told["checks"]


def _asked(test: AppTest) -> dict[str, str]:
    params = {name: test.query_params[name] for name in COUNTY}
    return {name: text if isinstance(text, str) else text[-1] for name, text in params.items()}


def _passport(run_page: Run, asked: dict[str, str]) -> AppTest:
    test = run_page("passport", params=asked)
    assert not test.exception and not test.info
    return test
