"""Passports of the demo's cells: from the value down to the landed byte, and back up again."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import landed_rows, rebuild, rederive, warehouse
from pipelines import passport as passports
from pipelines.errors import ConfigError
from pipelines.history import FACT
from pipelines.passport import Question
from pipelines.settings import Settings
from tests.conftest import Cli

KOREA = ("--geo", "KOR", "--period", "2020")
BROADBAND = ("broadband_adoption", *KOREA, "--basis", "wdi_per_100")


@pytest.fixture
def demo(demo_home: Path) -> Settings:
    return Settings(home=demo_home, profile="demo")


def passport(settings: Settings, question: Question) -> dict[str, Any]:
    with passports.open_release(settings) as opened:
        return passports.passport(settings, opened, question)


def one_of_each(settings: Settings) -> list[Question]:
    """A cell of each basis of each indicator."""
    with warehouse.open_published(settings.home) as con:
        rows = con.execute(
            f"select indicator_id, geo_id, period, cluster_id, basis from {FACT} "
            "where value is not null qualify row_number() over "
            "(partition by indicator_id, basis order by hash(geo_id || period || cluster_id)) = 1"
        ).fetchall()
    return [Question(*row) for row in rows]


def test_every_basis_has_a_passport_down_to_its_files(demo: Settings) -> None:
    for question in one_of_each(demo):
        told = passport(demo, question)
        assert told["cell"]["value"] is not None, question
        assert told["definition"]["formula"] and told["definition"]["sql_model"]
        assert told["snapshots"], question
        for snapshot in told["snapshots"]:
            assert snapshot["entity_sha256"], question
            for sha256, name in zip(
                snapshot["entity_sha256"], snapshot["landed_files"], strict=True
            ):
                assert name and sha256 in name and (demo.home / name).exists()
            for clock in ("last_checked_at", "retrieved_at"):
                assert snapshot[clock], (question, clock)
            assert snapshot["licence_id"] and snapshot["attribution"]
            assert "key=" not in snapshot["url"].lower()
        ids = {snapshot["snapshot_id"] for snapshot in told["snapshots"]}
        for term in told["terms"]:
            assert set(term["snapshot_ids"]) <= ids
            is_told = term["snapshot_ids"] or term["made_of"] or term["value"] is None
            assert is_told, (question, term)
        assert told["checks"]["passed"] > 10 and not told["checks"]["failed"]
        assert told["revisions"][-1]["value"] == told["cell"]["value"]


def test_terms_with_their_own_series_are_told_apart(demo: Settings) -> None:
    terms = {
        term["term"]: term
        for term in passport(demo, Question("indigenous_patent_share", "KOR", "2020"))["terms"]
    }
    part = {name: [i.split("@")[0] for i in term["snapshot_ids"]] for name, term in terms.items()}
    assert part["resident_filings"] == ["wdi/IP.PAT.RESD"]
    assert part["non_resident_filings"] == ["wdi/IP.PAT.NRES"]
    assert part["all_filings"] == ["wdi/IP.PAT.NRES", "wdi/IP.PAT.RESD"]
    assert terms["all_filings"]["made_of"] == ["resident_filings", "non_resident_filings"]


def rows_of(settings: Settings, question: Question) -> dict[str, landed_rows.TermRows]:
    with passports.open_release(settings) as opened:
        told = passports.passport(settings, opened, question)
        found = landed_rows.behind(settings, opened.con, told, most=10**6)
    return {term: rows for rows in found for term in rows.terms}


def test_rows_behind_a_term_add_up_to_it(demo: Settings) -> None:
    question = Question("rsca_export", "KOR", "2020", "automotive")
    terms = passport(demo, question)["cell"]["components"]
    rows = rows_of(demo, question)
    for term in ("cluster_exports_kusd", "all_exports_kusd", "world_exports_kusd",
                 "world_cluster_exports_kusd"):  # fmt: skip
        assert float(rows[term].rows["value_kusd"].sum()) == pytest.approx(terms[term], abs=1e-3)
    assert rows["world_exports_kusd"].rows["exporter_code"].n_unique() == terms["exporters"]
    assert rows["all_exports_kusd"].narrowed == ("period", "place")


def test_rows_of_a_county_are_the_counties_own(demo: Settings) -> None:
    with warehouse.open_published(demo.home) as con:
        geo, period, cluster = con.execute(
            f"select geo_id, period, cluster_id from {FACT} where indicator_id = "
            "'location_quotient' and basis = 'cbp_establishments' and geo_id = 'USA-FIPS-06037' "
            "and obs_status = 'A' order by all limit 1"
        ).fetchall()[0]
    question = Question("location_quotient", geo, period, cluster, "cbp_establishments")
    terms = passport(demo, question)["cell"]["components"]
    rows = rows_of(demo, question)
    assert rows["cluster_in_region"].rows["estabs_count"].sum() == terms["cluster_in_region"]
    assert rows["cluster_in_nation"].rows["estabs_count"].sum() == terms["cluster_in_nation"]
    assert set(rows["cluster_in_region"].rows["county_code_fips"]) == {"037"}


@pytest.mark.parametrize("kind", ["cbsa", "economic_area"])
def test_rows_of_a_statistical_area_are_those_of_its_counties(demo: Settings, kind: str) -> None:
    table = {"cbsa": "us_county_cbsa", "economic_area": "us_county_economic_area"}[kind]
    with warehouse.open_published(demo.home) as con:
        geo, code, period, cluster = con.execute(
            f"select geo_id, code, period, cluster_id from {FACT} inner join marts.dim_geo "
            "using (geo_id) where indicator_id = 'location_quotient' "
            "and basis = 'cbp_establishments' and geo_type = ? and obs_status = 'A' "
            "order by components['cluster_in_region'] desc, geo_id, period, cluster_id limit 1",
            [kind],
        ).fetchall()[0]
        counties = con.execute(
            f"select county_code_fips5 from reference.{table} where {kind}_code = ?", [code]
        ).fetchall()
    question = Question("location_quotient", geo, period, cluster, "cbp_establishments")
    told = passport(demo, question)["cell"]["components"]["cluster_in_region"]
    found = rows_of(demo, question)["cluster_in_region"]
    assert found.narrowed == ("period", "place", "cluster") and found.open == ()
    rows = found.rows
    assert rows["estabs_count"].sum() == told > 0
    members = set(rows["state_code_fips"] + rows["county_code_fips"])
    assert len(members) > 1 and members <= {county for (county,) in counties}


def test_rows_come_from_the_landing_where_the_raw_vintage_is_gone(
    demo: Settings, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo.home / "landing" / "wdi", home / "landing" / "wdi")
    shutil.copytree(demo.home / "landing" / "vintages", home / "landing" / "vintages")
    shutil.copytree(demo.home / "published", home / "published", symlinks=True)
    question = Question("broadband_adoption", "KOR", "2020", basis="wdi_per_100")
    (there,) = rows_of(demo, question).values()
    (again,) = rows_of(Settings(home=home, profile="demo"), question).values()
    assert (there.where, again.where) == ("raw vintage", "landed bytes, parsed anew")
    assert again.rows.equals(there.rows) and again.count == 1


def test_a_thousand_random_cells_are_made_again_to_the_bit(demo: Settings) -> None:
    with warehouse.open_published(demo.home) as con:
        cells = rederive.sample(con, 1000, seed=7)
        indicators = con.sql("select count(*) from marts.dim_indicator").fetchall()[0][0]
        hashes = con.execute(
            "select count(*) from meta.source_snapshot where len(entity_sha256) = 0"
        ).fetchall()[0][0]
        found = rederive.verify(demo, con, cells)
    assert cells.height == 1000 and cells["indicator_id"].n_unique() == indicators
    # none is without a landed hash but those that no landed source covers
    assert hashes == 0
    uncovered = cells.filter(cells["source_ids"].list.len() == 0)
    assert set(uncovered["obs_status"]) <= {"L"}
    assert found.differing == [], rederive.told(found)
    assert (found.cells, found.exact + found.close, found.code) == (1000, 1000, True)
    # where close, then within 1e-12 of each other; sums are order-free, so none has to be
    assert found.close_indicators == [], "sums of these depend on the order of their rows"


def test_the_whole_home_from_its_landing(demo: Settings, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo.home / "landing", home / "landing")
    settings = Settings(home=home, profile="live")  # the landing knows that it is synthetic
    lines: list[str] = []
    done = rebuild.rebuild(settings, say=lines.append)
    before = warehouse.releases(demo.home)[-1]
    assert done.same and done.release.fact_hash == before.fact_hash
    assert done.release.inputs_sha256 == before.inputs_sha256
    assert done.release.realm == "synthetic"
    for name in ("source_snapshot", "release"):
        with (
            duckdb.connect(str(warehouse.current_path(home)), read_only=True) as ours,
            duckdb.connect(str(warehouse.current_path(demo.home)), read_only=True) as theirs,
        ):
            columns = "snapshot_id, rows_landed, rows_quarantined, reference_period_last, url"
            columns = columns if name == "source_snapshot" else "is_synthetic, notice, realm"
            query = f"select {columns} from meta.{name} order by all"
            assert ours.sql(query).fetchall() == theirs.sql(query).fetchall()
    with pytest.raises(ConfigError, match="still has raw vintages"):
        rebuild.rebuild(settings)


def test_a_tampered_byte_is_named(demo: Settings, tmp_path: Path, cli: Cli) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo.home / "landing", home / "landing")
    shutil.copytree(demo.home / "published", home / "published", symlinks=True)
    told = passport(demo, Question("broadband_adoption", "KOR", "2020", basis="wdi_per_100"))
    (snapshot,) = told["snapshots"]
    path = home / snapshot["landed_files"][0]
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(body))
    code, said = cli("explain", *BROADBAND, "--verify", "--home", str(home))
    assert code == 1 and path.name in said and "wdi/IT.NET.BBND.P2" in said, said
    shutil.rmtree(home / "published")
    other = next((home / "landing" / "baci").glob("*/*"))
    other.chmod(0o644)
    other.write_bytes(other.read_bytes()[:-1])
    code, said = cli("rebuild", "--home", str(home))
    assert code == 1 and path.name in said and other.name in said, said
    assert not (home / "published" / warehouse.CURRENT).exists()
    assert hashlib.sha256(body).hexdigest() not in said


def test_explain_on_the_command_line(demo: Settings, cli: Cli) -> None:
    where = ("--home", str(demo.home))
    code, said = cli("explain", "indigenous_patent_share", *KOREA, "--rows", *where)
    assert code == 0, said
    for words in ("SYNTHETIC", "resident filings /", "landing/wdi/", "CC-BY-4.0", "retrieved",
                  "changed at source", "1 rows of raw.wdi__observations", "checks"):  # fmt: skip
        assert words in said, words
    code, said = cli("explain", "indigenous_patent_share", *KOREA, "--json", *where)
    assert code == 0 and json.loads(said)["cell"]["geo_id"] == "KOR"
    code, said = cli("explain", "location_quotient", "--geo", "USA-FIPS-06", "--period", "2020",
                     "--cluster", "automotive", *where)  # fmt: skip
    assert code == 2 and "--basis cbp_employment" in said and "--basis cbp_est" in said, said
    code, said = cli("explain", "rsca_exprt", *KOREA, *where)
    assert code == 2 and "no cell with indicator 'rsca_exprt'" in said and "rsca_export" in said
    code, said = cli("explain", "broadband_adoption", "--geo", "KOR", "--period", "1901", *where)
    assert code == 2 and "no cell with period '1901'" in said, said
    code, said = cli("explain", *BROADBAND, "--as-of", "2001-01-01", *where)
    assert code == 2 and "nothing was published yet" in said
    release = warehouse.releases(demo.home)[-1].release_id
    code, said = cli("explain", *BROADBAND, "--as-of", release, *where)
    assert code == 0 and release in said


def test_the_macros_of_the_file_say_the_same(demo: Settings) -> None:
    question = Question("rsca_export", "KOR", "2020", "automotive")
    told = passport(demo, question)
    with warehouse.open_published(demo.home) as con:
        (cell,) = con.sql(
            "from marts.passport('rsca_export', 'KOR', '2020', cluster := 'automotive')"
        ).pl().to_dicts()  # fmt: skip
        checks = con.sql(
            "select count(*) filter (where passed) from marts.passport_checks("
            "'rsca_export', 'KOR', '2020', cluster := 'automotive')"
        ).fetchall()
        comments = con.sql(
            "select function_name, comment from duckdb_functions() where not internal "
            "and schema_name in ('marts', 'meta')"
        ).fetchall()
    assert cell["value"] == told["cell"]["value"]
    assert checks == [(told["checks"]["passed"],)]
    assert len(comments) >= 10 and all(comment for _, comment in comments)
