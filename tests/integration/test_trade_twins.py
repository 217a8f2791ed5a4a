"""The SQL of the bilateral indicators against the pure functions, on one awkward panel.

The panel has what breaks trade statistics: flows that come and go, sole sellers, an economy that
is out of the data for two years, one that has no exports in a year, two codes for one ISO code,
a heading whose products belong to two clusters, flows below the publisher's unit, members without
any trade. Both sides start from its rows; they share no code.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from pipelines import dbt
from pipelines.metrics import reach
from pipelines.metrics.decomposition import constant_market_shares
from pipelines.metrics.pull import market_growth_pull
from pipelines.metrics.survival import kaplan_meier, new_spells
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.sources.base import discover
from pipelines.warehouse import raw_relation_sql
from tests.conftest import once_per_session

SEEDS = PROJECT_ROOT / "dbt_project" / "seeds"
YEARS = range(2010, 2021)
# code: ISO3; 58 ends where 56 begins; 899 is no economy; 152 (a member) never trades
CODES = {
    "36": "AUS", "156": "CHN", "842": "USA", "490": "", "124": "CAN", "554": "NZL", "251": "FRA",
    "56": "BEL", "58": "BEL", "76": "BRA", "899": "",
}  # fmt: skip
PRODUCTS = (
    "010121", "090121", "090111", "120799", "121221", "230120", "230110", "281820", "281810",
    "291821", "291822", "291829", "300490", "610910", "640399", "870323", "870324", "870899",
    "851712", "854231", "940360", "770100",
)  # fmt: skip
HIGH_INCOME = {"36", "842", "490", "124", "554", "251", "56", "58"}


def panel_rows() -> pl.DataFrame:
    """(t, i, j, k, v): values in thousandths of a thousand USD, as whole numbers."""
    draw = np.random.default_rng(20050309)
    rows = []
    for exporter in CODES:
        for importer in CODES:
            for product in PRODUCTS:
                if exporter == importer or draw.random() < 0.45:
                    continue
                level = draw.normal(3, 2.5)
                there = draw.random() < 0.5
                for year in YEARS:
                    there = draw.random() < (0.75 if there else 0.3)
                    level += draw.normal(0.03, 0.6)
                    value = max(1, round(1000 * math.exp(level)))
                    if there:
                        rows.append((year, exporter, importer, product, value))
    table = pl.DataFrame(rows, schema=["t", "i", "j", "k", "v"], orient="row")
    year, sold_by, sold_to = pl.col("t"), pl.col("i"), pl.col("j")
    gone = (
        # France is out of the data in two years, Canada has no exports in one
        ((sold_by == "251") | (sold_to == "251")) & year.is_in([2013, 2014])
        | (sold_by == "124") & (year == 2017)
        | ((sold_by == "58") | (sold_to == "58")) & (year >= 2014)
        | ((sold_by == "56") | (sold_to == "56")) & (year < 2014)
        # coffee is Brazil's alone, and one importer gives up shoes
        | (pl.col("k") == "090111") & (sold_by != "76")
        | (pl.col("k") == "640399") & (sold_to == "554") & (year > 2015)
    )
    return table.filter(~gone)


def seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """The cells of the indicators over the panel, from dbt."""
    with once_per_session(tmp_path_factory, "trade_twins") as folder:
        if not (folder / "cells.parquet").exists():
            folder.mkdir(parents=True)
            _build(folder)
    return pl.read_parquet(folder / "cells.parquet")


def _build(folder: Path) -> None:
    settings = Settings(home=folder / "home")
    settings.build_dir.mkdir(parents=True)
    with duckdb.connect(str(settings.build_dir / "candidate.duckdb")) as con:
        con.execute("create schema raw")
        con.register("panel", panel_rows())
        con.execute(
            "create table raw.baci__flows as select t::bigint as period_year, i as exporter_code, "
            "j as importer_code, k as product_code, (v / 1000)::decimal(18, 3) as value_kusd, "
            "1.0::double as quantity_tonnes, 'HS17' as hs_revision, '202601' as baci_version, "
            "'baci/HS17_V202601@t' as _snapshot_id from panel"
        )
        con.execute(
            "create table raw.baci__economies (economy_code varchar, economy_name varchar, "
            "economy_code_iso2 varchar, economy_code_iso3 varchar, _snapshot_id varchar)"
        )
        con.executemany(
            "insert into raw.baci__economies values (?, ?, null, ?, 'baci/HS17_V202601@t')",
            [[code, code, iso or "N/A"] for code, iso in {**CODES, "152": "CHL"}.items()],
        )
        # what the World Bank's own series are read from: no rows here
        for source in ("wdi", "supplement"):
            for table in discover()[source].tables:
                con.execute(raw_relation_sql(table.duckdb_columns(), [], f"{source}__{table.name}"))
    dbt.run(
        settings, "build", "--resource-type", "seed", "--resource-type", "model",
        "--select", "+path:models/marts/indicators/ind_linkage*",
    )  # fmt: skip
    with duckdb.connect(str(settings.build_dir / "candidate.duckdb"), read_only=True) as con:
        names = con.sql(
            "select table_name from information_schema.tables "
            "where table_name like 'ind_linkage__%'"
        ).fetchall()
        cells = " union all ".join(f"select * from intermediate.{name}" for (name,) in names)
        con.sql(cells).pl().write_parquet(folder / "cells.parquet")


@dataclass(frozen=True)
class World:
    """The panel as dense arrays: years × exporters × importers × products, thousand USD."""

    flows: np.ndarray
    codes: tuple[str, ...]
    cluster: tuple[str, ...]

    def year(self, year: int) -> np.ndarray:
        return self.flows[YEARS.index(year)]

    def products(self, cluster: str) -> np.ndarray:
        mine = np.array([cluster in ("all", name) for name in self.cluster])
        return mine

    def importers(self, year: int) -> np.ndarray:
        return self.year(year).sum(axis=(0, 2)) > 0

    def exporters(self, year: int) -> np.ndarray:
        return self.year(year).sum(axis=(1, 2)) > 0


@pytest.fixture(scope="module")
def world() -> World:
    mapping = {
        row["industry_code"]: row["cluster_id"]
        for row in seed("clusters/cluster_industry")
        if row["industry_scheme"] == "HS"
    }
    codes = tuple(CODES)
    flows = np.zeros((len(YEARS), len(codes), len(codes), len(PRODUCTS)))
    for t, i, j, k, v in panel_rows().iter_rows():
        flows[YEARS.index(t), codes.index(i), codes.index(j), PRODUCTS.index(k)] = v / 1000
    cluster = tuple(
        next((mapping[k[:n]] for n in (6, 4, 2) if k[:n] in mapping), "unmapped") for k in PRODUCTS
    )
    assert "unmapped" in cluster and {"pharmaceuticals", "chemicals"} <= set(cluster)
    return World(flows, codes, cluster)


def cells_of(
    built: pl.DataFrame, indicator: str, basis: str
) -> Iterator[tuple[str, str, int, dict]]:
    """(code, cluster, year, cell) of every cell of a member or peer that the panel covers."""
    members = {row["geo_id"]: row["economy_code_baci"] for row in seed("reference/apec_economies")}
    others = {"FRA": "251", "BRA": "76"}
    chosen = built.filter(indicator_id=indicator, basis=basis)
    assert chosen.height > 100
    for cell in chosen.iter_rows(named=True):
        cell["terms"] = dict(cell["components"])
        code = members.get(cell["geo_id"]) or others.get(cell["geo_id"])
        if code in CODES:
            yield code, cell["cluster_id"], int(cell["period"]), cell
        elif cell["geo_id"] != "BEL":
            assert cell["value"] is None and cell["obs_status"] in ("L", "M"), cell


def agree(cell: dict, expected: float, name: str = "value") -> None:
    found = cell[name] if name in cell else cell["terms"][name]
    where = (cell["geo_id"], cell["cluster_id"], cell["period"], cell["basis"], name)
    if expected is None or math.isnan(expected):
        assert found is None, (where, found)
    else:
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12), where


def clusters_of(world: World) -> set[str]:
    traded = {
        r["cluster_id"]
        for r in seed("clusters/cluster_definition")
        if r["cluster_class"] == "traded"
    }
    return (set(world.cluster) & traded) | {"all"}


def test_every_member_stands_in_every_period(built: pl.DataFrame) -> None:
    members = {row["geo_id"] for row in seed("reference/apec_economies")}
    listed = built.group_by("indicator_id", "basis", "cluster_id", "period").agg(pl.col("geo_id"))
    for row in listed.iter_rows(named=True):
        assert members <= set(row["geo_id"]), row
        assert len(row["geo_id"]) == len(set(row["geo_id"])), row
    by_geo = {g: set(s) for g, s in built.group_by("geo_id").agg(pl.col("obs_status")).iter_rows()}
    assert by_geo["JPN"] == {"L"}  # not in the release
    assert by_geo["CHL"] == {"M"}  # in the release, without trade
    canada = built.filter(pl.col("geo_id") == "CAN", pl.col("period") == "2017")
    assert set(canada["obs_status"]) == {"M"}


@pytest.mark.parametrize("years", [3, 5])
def test_pull(built: pl.DataFrame, world: World, years: int) -> None:
    values = 0
    for code, cluster, year, cell in cells_of(
        built, "export_market_growth_pull", f"baci_hs6_{years}y"
    ):
        who, mine = world.codes.index(code), world.products(cluster)
        first, last = world.year(year - years)[:, :, mine], world.year(year)[:, :, mine]
        known = np.repeat(world.importers(year)[:, None], mine.sum(), axis=1)
        shape = (len(world.codes), -1)
        found = market_growth_pull(
            first.reshape(shape), last.reshape(shape), years=years, known=known.ravel()
        )
        is_there = world.exporters(year)[who]
        few = found.dropped_share[who] <= 0.2
        expected = found.pull[who] if is_there and few else math.nan
        agree(cell, expected)
        if mine.any() and first[who].any():
            agree(cell, found.dropped_share[who], "dropped_weight_share")
            agree(cell, found.world_pull, "world_pull")
        values += cell["value"] is not None
        assert cell["n_obs"] == (first[who] > 0).sum()
    assert values > 50


def test_relative_pull_is_the_difference(built: pl.DataFrame) -> None:
    key = ["geo_id", "cluster_id", "period", "basis"]
    pull = built.filter(indicator_id="export_market_growth_pull")
    both = pull.join(built.filter(indicator_id="relative_pull"), on=key, suffix="_relative")
    assert both.height == pull.height
    for row in both.filter(pl.col("value").is_not_null()).iter_rows(named=True):
        world_pull = dict(row["components"])["world_pull"]
        assert row["value_relative"] == pytest.approx(row["value"] - world_pull, abs=1e-12)


@pytest.mark.parametrize("level", ["hs6", "hs4"])
def test_constant_market_shares(built: pl.DataFrame, world: World, level: str) -> None:
    values = 0
    basis = f"baci_{level}_3y"
    headings = sorted({k[:4] for k in PRODUCTS})
    to_heading = np.array([[k[:4] == heading for heading in headings] for k in PRODUCTS], float)
    for code, cluster, year, cell in cells_of(built, "demand_adaptation_effect", basis):
        who, mine = world.codes.index(code), world.products(cluster)
        if not (world.exporters(year)[who] and mine.any()):
            agree(cell, math.nan)
            continue
        markets = world.importers(year) & world.importers(year - 3)
        markets[who] = False
        first, last = (world.year(y)[:, markets][:, :, mine] for y in (year - 3, year))
        if level == "hs4":
            first, last = first @ to_heading[mine], last @ to_heading[mine]
        if first.sum() == 0 or last.sum() == 0:
            continue
        found = constant_market_shares(first[who], last[who], first.sum(axis=0), last.sum(axis=0))
        assert abs(found.total - (found.last_share - found.first_share)) <= 1e-12
        adaptation = found.commodity_adaptation + found.market_adaptation
        agree(cell, adaptation / found.first_share if found.first_share else math.nan)
        if first[who].any() or last[who].any():
            for name in ("first_share", "last_share"):
                agree(cell, getattr(found, name), name)
            for name in (
                "market_share", "commodity_composition", "market_composition",
                "commodity_adaptation", "market_adaptation",
            ):  # fmt: skip
                agree(cell, getattr(found, name), f"{name}_effect")
        values += cell["value"] is not None
    assert values > 50


def test_competitiveness_is_the_first_of_the_same_effects(built: pl.DataFrame) -> None:
    key = ["geo_id", "cluster_id", "period", "basis"]
    adaptation = built.filter(indicator_id="demand_adaptation_effect")
    both = adaptation.join(built.filter(indicator_id="cmsa_competitiveness"), on=key, suffix="_c")
    assert both.height == adaptation.height
    for row in both.iter_rows(named=True):
        assert row["components"] == row["components_c"]
        terms = dict(row["components"])
        assert (row["value_c"] is None) == (row["value"] is None)
        if row["value_c"] is not None:
            expected = terms["market_share_effect"] / terms["first_share"]
            assert row["value_c"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("basis", "gap"), [("baci_hs6_strict", 0), ("baci_hs6_gap_1y", 1)])
def test_survival(built: pl.DataFrame, world: World, basis: str, gap: int) -> None:
    """Spells are made anew for every period from what was known at its end."""
    present = world.flows >= 1
    in_data = (world.flows.sum(axis=(2, 3)) + world.flows.sum(axis=(1, 3))) > 0
    known = in_data[:, :, None] | in_data[:, None, :]
    values = 0
    for code, cluster, year, cell in cells_of(built, "export_survival_3y", basis):
        who, mine = world.codes.index(code), world.products(cluster)
        seen = YEARS.index(year) + 1
        lines = present[:seen, who][:, :, mine].reshape(seen, -1).T
        sure = np.repeat(known[:seen, who].T, mine.sum(), axis=0)
        assert sure.shape == lines.shape
        spells = new_spells(lines, sure, gap_years=gap)
        recent = (spells.start >= seen - 1 - 5) & (spells.start < seen - 1)
        found = kaplan_meier(spells.duration[recent], spells.ended[recent], horizon=3)
        there = world.exporters(year)[who]
        agree(cell, found.survival[2] if there else math.nan)
        agree(cell, found.lower[2] if there else math.nan, "value_lower")
        agree(cell, found.upper[2] if there else math.nan, "value_upper")
        assert cell["n_obs"] == found.at_risk[0]
        if found.at_risk[0]:
            assert [cell["terms"][f"at_risk_{age}"] for age in (1, 2, 3)] == found.at_risk.tolist()
            assert [cell["terms"][f"ended_{age}"] for age in (1, 2, 3)] == found.ended.tolist()
        if cell["value"] is not None and cell["n_obs"] < 100:
            assert cell["obs_status"] == "U"
        values += cell["value"] is not None
    assert values > 50


def test_reach(built: pl.DataFrame, world: World) -> None:
    potential_markets = int((world.flows.sum(axis=(0, 1, 3)) > 0).sum())
    traded = world.flows.sum(axis=(0, 1, 2)) > 0
    cases = {
        ("hhi_market", "baci_importers"): lambda own, mine, who: reach.normalised_herfindahl(
            own.sum(axis=1), potential_markets - 1
        ),
        ("hhi_product", "baci_hs6"): lambda own, mine, who: reach.normalised_herfindahl(
            own.sum(axis=0), int((mine & traded).sum())
        ),
        ("developed_market_share", "baci_high_income"): lambda own, mine, who: (
            own[[code in HIGH_INCOME for code in world.codes]].sum() / own.sum()
            if own.sum()
            else math.nan
        ),
    }
    for (indicator, basis), measure in cases.items():
        for code, cluster, year, cell in cells_of(built, indicator, basis):
            who, mine = world.codes.index(code), world.products(cluster)
            own = world.year(year)[who][:, mine]
            there = world.exporters(year)[who]
            agree(cell, measure(own, mine, who) if there else math.nan)


def test_two_way_trade_penetration_and_variety(built: pl.DataFrame, world: World) -> None:
    for code, cluster, year, cell in cells_of(built, "grubel_lloyd", "baci_hs6"):
        who, mine = world.codes.index(code), world.products(cluster)
        flows = world.year(year)[:, :, mine]
        exports, imports = flows[who].sum(axis=0), flows[:, who].sum(axis=0)
        there = world.exporters(year)[who]
        agree(cell, reach.grubel_lloyd(exports, imports) if there else math.nan)
    for indicator, basis, pooled in (
        ("export_market_penetration", "baci_hs6", None),
        ("variety_extensive_margin", "baci_hs6_hummels_klenow", False),
        ("variety_extensive_margin", "baci_hs6_pooled", True),
    ):
        values = 0
        for code, cluster, year, cell in cells_of(built, indicator, basis):
            who, mine = world.codes.index(code), world.products(cluster)
            other = [n for n in range(len(world.codes)) if n != who]
            flows = world.year(year)[:, other][:, :, mine]
            own, bought = flows[who], flows.sum(axis=0)
            if not world.exporters(year)[who]:
                agree(cell, math.nan)
                continue
            if pooled is None:
                agree(cell, reach.market_penetration(own, bought))
            else:
                dropped = cell["terms"]["dropped_weight_share"]
                if pooled or dropped is None or dropped <= 0.2:
                    agree(cell, reach.extensive_margin(own, bought, pooled=pooled))
                else:
                    agree(cell, math.nan)
                assert cell["n_obs"] == (own > 0).sum()
            values += cell["value"] is not None
        assert values > 50


def test_every_cluster_of_the_panel_is_there(built: pl.DataFrame, world: World) -> None:
    assert clusters_of(world) <= set(built["cluster_id"])
