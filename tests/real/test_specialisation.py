"""Regional formulas on official figures: published quotients, identities, masked cells, a set."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.metrics import definitions
from pipelines.metrics import derivation as dv
from pipelines.metrics import specialisation as sp
from pipelines.metrics.derivation_table import derive
from pipelines.metrics.specialisation_table import specialise
from pipelines.sources.cluster_definition import own_clusters
from tests.unit.test_seeds import SEEDS

pytestmark = pytest.mark.real


def county_industries(data: Path, year: int = 2021) -> pl.DataFrame:
    """Four-digit industries of counties, read here without any code of the project."""
    rows = pl.read_csv(data / f"us/cbp/cbp{year % 100}co.txt.gz", infer_schema=False)
    code = pl.col("naics").str.strip_chars_end("/-")
    return rows.filter(code.str.len_chars() == 4).select(
        (pl.col("fipstate") + pl.col("fipscty")).alias("region"),
        code.alias("industry"),
        pl.when(pl.col("emp_nf") == "D").then(None).otherwise(pl.col("emp")).cast(pl.Float64)
        .alias("employment"),
        pl.col("est").cast(pl.Float64).alias("establishments"),
    )  # fmt: skip


def clusters_of(cells: pl.DataFrame) -> pl.DataFrame:
    """The project's own set in the layout of a user's."""
    named = pl.read_csv(SEEDS / "clusters" / "cluster_definition.csv", infer_schema=False)
    classes = dict(named.select("cluster_id", "cluster_class").iter_rows())
    own = own_clusters("NAICS2017")
    table = pl.DataFrame({"industry_code": list(own), "cluster": list(own.values())})
    return definitions.aggregate(
        cells, table.with_columns(pl.col("cluster").replace_strict(classes).alias("class"))
    ).cells


def economic_areas(cells: pl.DataFrame) -> pl.DataFrame:
    """Counties summed into economic areas, withheld jobs estimated by establishments."""
    seed = SEEDS / "reference" / "us_county_economic_area.csv"
    areas = pl.read_csv(seed, infer_schema=False).select(
        pl.col("county_code_fips5").alias("region"), pl.col("economic_area_code").alias("area")
    )
    per = (
        cells.filter(pl.col("employment").is_not_null())
        .group_by("industry")
        .agg((pl.col("employment").sum() / pl.col("establishments").sum()).alias("per_plant"))
    )
    return (
        cells.join(per, on="industry")
        .with_columns(pl.coalesce("employment", pl.col("establishments") * pl.col("per_plant")))
        .join(areas, on="region")
        .group_by(pl.col("area").alias("region"), "industry")
        .agg(pl.col("employment").sum(), pl.col("establishments").sum())
    )  # fmt: skip


def test_published_quotients_of_new_jersey_are_reproduced(real_data: Path) -> None:
    """QCEW prints LQ to two decimals and no national totals: one ratio must fit all counties.

    The nation's share of an industry is pinned down by the county with the sharpest figure; with
    it as benchmark our quotient has to be the published one in every county.
    """
    columns = [
        "area_fips",
        "own_code",
        "industry_code",
        "size_code",
        "qtr",
        "disclosure_code",
        "lq_disclosure_code",
        "month3_emplvl",
        "lq_month3_emplvl",
    ]
    files = sorted((real_data / "us/qcew_nj_2016_by_area").glob("*.csv.gz"))
    assert len(files) == 21
    rows = pl.concat([pl.read_csv(f, infer_schema=False).select(columns) for f in files])
    rows = rows.filter(pl.col("size_code") == "0").with_columns(
        pl.col("month3_emplvl").cast(pl.Float64), pl.col("lq_month3_emplvl").cast(pl.Float64)
    )
    total = rows.filter((pl.col("own_code") == "0") & (pl.col("industry_code") == "10")).select(
        "area_fips", "qtr", pl.col("month3_emplvl").alias("total")
    )
    open_ = pl.col("disclosure_code", "lq_disclosure_code").fill_null("").eq("")
    known = rows.filter(
        pl.all_horizontal(open_), pl.col("lq_month3_emplvl") > 0, pl.col("month3_emplvl") > 0
    ).join(total, on=["area_fips", "qtr"])
    share = pl.col("month3_emplvl") / pl.col("total")
    ends = known.with_columns(
        (share / (pl.col("lq_month3_emplvl") + 0.005)).alias("low"),
        (share / (pl.col("lq_month3_emplvl") - 0.005)).alias("high"),
    )
    keys = ["own_code", "industry_code", "qtr"]
    national = ends.group_by(keys).agg(pl.len(), pl.col("low").max(), pl.col("high").min())
    national = national.filter(pl.col("len") >= 5).with_columns(
        ((pl.col("low") + pl.col("high")) / 2).alias("share")
    )
    checked = worst = 0
    for _, cells in known.join(national, on=keys).group_by(keys):
        q = cells["share"][0]
        lq = sp.location_quotient(
            cells.select("month3_emplvl").to_numpy(),
            region_totals=cells["total"].to_numpy(), cluster_totals=[q * 1e8], total=1e8,
        )[:, 0]  # fmt: skip
        worst = max(worst, float(np.abs(lq - cells["lq_month3_emplvl"].to_numpy()).max()))
        checked += lq.size
    print(f"{checked:,} published LQ of {national.height:,} industries, greatest gap {worst:.5f}")
    assert checked > 60_000 and worst <= 0.005 + 1e-9


def test_all_counties_and_clusters_of_a_year(real_data: Path) -> None:
    cells = clusters_of(county_industries(real_data))
    started = time.process_time()
    result = specialise(cells, draws=999)
    seconds = time.process_time() - started
    found = cells.join(result.cells, on=["region", "cluster"])
    withheld = found.filter(pl.col("employment").is_null())
    print(
        f"{found.height:,} cells of {found['region'].n_unique():,} counties, {withheld.height} "
        f"withheld, {int(found['strong'].sum()):,} strong; {seconds:.1f} s of CPU, 999 draws"
    )
    assert found.height == cells.height > 40_000
    # a withheld cell is bounded and never a point
    for name in ("lq", "region_share", "slq", "p_value"):
        assert withheld[name].null_count() == withheld.height > 0
    assert withheld["lq_lower"].null_count() == 0 and (withheld["lq_lower"] >= 0).all()
    shown = found.filter(pl.col("lq").is_not_null())
    assert (shown["lq_lower"] <= shown["lq"] * (1 + 1e-9)).all()
    upper = shown.filter(pl.col("lq_upper").is_not_null())
    assert (upper["lq"] <= upper["lq_upper"] * (1 + 1e-9)).all()
    # strength by the rule of U.S. Cluster Mapping, written again here
    some = shown.filter(pl.col("employment") > 0)
    limits = some.group_by("cluster").agg(
        pl.col("employment").quantile(0.25, "linear").alias("jobs"),
        pl.col("establishments").quantile(0.25, "linear").alias("firms"),
        *(pl.col("lq").quantile(q, "linear").alias(f"q{q}") for q in (0.25, 0.5, 0.75, 0.9)),
    )
    base = (pl.col("employment") > pl.col("jobs")) & (pl.col("establishments") > pl.col("firms"))
    again = shown.join(limits, on="cluster").with_columns(
        (base & (pl.col("lq") > pl.col("q0.25"))).alias("a"),
        (base & (pl.col("lq") > pl.col("q0.5"))).alias("b"),
        (base & (pl.col("lq") >= pl.col("q0.75")) & (pl.col("lq") >= 1)).alias("c"),
        (base & (pl.col("lq") >= pl.col("q0.9")) & (pl.col("lq") >= 1)).alias("d"),
    )
    for ours, theirs in zip(
        ("qualifying", "significant", "strong", "strong10"), "abcd", strict=True
    ):
        assert again[ours].to_list() == again[theirs].to_list()


def test_real_cells_masked_and_estimated_again(real_data: Path) -> None:
    """A third of the known cells hidden in their Census size range: bounds hold every true LQ."""
    table = clusters_of(county_industries(real_data)).filter(
        (pl.col("class") == "traded") & pl.col("employment").is_not_null()
    )
    wide = table.pivot(on="cluster", index="region", values="employment").fill_null(0)
    truth = wide.drop("region").to_numpy()
    rng = np.random.default_rng(1)
    hidden = (rng.random(truth.shape) < 0.33) & (truth > 0)
    edges = np.array([0, 20, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 1e7])
    place = np.searchsorted(edges, truth, side="right")
    low = np.where(hidden, edges[place - 1], truth)
    high = np.where(hidden, edges[place] - 1, truth)
    lq, rows = sp.location_quotient(truth), truth.sum(axis=1)
    defined = np.isfinite(lq)
    for name, known in (("cells only", {}), ("regions' totals", {"region_totals": (rows, rows)})):
        bounds = sp.lq_bounds(low, high, **known)
        holds = (bounds.lower <= lq * (1 + 1e-9)) & (lq <= bounds.upper * (1 + 1e-9))
        width = np.median((bounds.upper - bounds.lower)[hidden] / lq[hidden])
        print(
            f"{name}: {holds[defined].mean():.2%} of {defined.sum():,} LQ covered "
            f"({hidden.sum():,} masked), median width {width:.2f} LQ"
        )
        assert holds[defined].all()


def test_traded_industries_agree_with_cluster_mapping(real_data: Path) -> None:
    """Porter's three measures on economic areas against the published traded/local list."""
    cells = economic_areas(county_industries(real_data))
    industries = sorted(cells["industry"].unique())
    wide = cells.pivot(on="industry", index="region", values="employment").fill_null(0)
    ours = dv.traded_industries(wide.select(industries).to_numpy()).traded
    file = "trade/us_exports/state/Crosswalk_ClusterMappingNAICStoTradedorLocal.csv"
    listed = pl.read_csv(real_data / file, infer_schema=False).with_columns(
        pl.col("NAICS").str.slice(0, 4).alias("industry")
    )
    theirs = dict(listed.group_by("industry").agg((pl.col("Type") == "Traded").mean()).iter_rows())
    clear = [i for i, code in enumerate(industries) if theirs.get(code) in (0.0, 1.0)]
    same = [bool(ours[i]) == (theirs[industries[i]] == 1.0) for i in clear]
    print(f"{np.mean(same):.1%} of {len(same)} industries classed as the published list does")
    assert len(clear) > 200 and np.mean(same) > 0.75


def test_a_set_from_real_figures_holds_together(real_data: Path) -> None:
    use = pl.read_csv(
        real_data / "us/bea_io/BEA_Summary_Use_SUT_2021_17sch.csv", infer_schema=False
    )
    flows = (
        use.rename({use.columns[0]: "supplier"})
        .unpivot(index="supplier", variable_name="user")
        .with_columns(pl.col("value").str.strip_chars().cast(pl.Float64, strict=False))
    )
    codes = pl.read_csv(SEEDS / "reference" / "bea_industries.csv", infer_schema=False)
    found = derive(
        economic_areas(county_industries(real_data)),
        scheme="derived", version="2021", industry_scheme="NAICS2017", sizes=[20, 30],
        functions=["ward"], flows=flows,
        flow_codes=codes.rename({"naics_prefix": "industry_code", "bea_summary_code": "flow_code"}),
        compare=own_clusters("NAICS2017"),
    )  # fmt: skip
    best = found.quality.row(0, named=True)
    print(
        f"{best['clusters_count']} clusters of {best['industries_count']} industries, score "
        f"{best['score']:.3f}, agreement with the own set {best['agreement']:.3f}"
    )
    assert best["score"] > 0.75 and best["agreement"] > 0.25
    cluster = dict(found.definitions.select("industry_code", "cluster").iter_rows())
    # oil and gas, wood, metal parts of cars: what lies together in any taxonomy
    for one, other in (("2111", "2131"), ("2111", "4862"), ("1133", "3211"), ("3315", "3363"),
                       ("3112", "3116"), ("3344", "3345"), ("5121", "7115")):  # fmt: skip
        assert cluster[one] == cluster[other], (one, other)
    assert cluster["2111"] != cluster["5121"]
