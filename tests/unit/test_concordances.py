"""Concordances: the shipped tables, the rules of one's own, and that amounts keep their total.

Belongs here: seeds/concordances, `metrics.concordance`, the source of one's own files and its
commands. Does not belong here: the table in the release (dbt tests).
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
import math
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import ConfigError, MetricInput, SchemaDrift
from pipelines.http.classify import Media
from pipelines.metrics import concordance
from pipelines.settings import Settings
from pipelines.sources.concordance import SOURCE
from tests.conftest import Cli
from tests.replies import parsed, reply

SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"
# Divisions that no industry group is mainly in: sewerage lies with water, undifferentiated own
# production and bodies abroad are outside NAICS.
UNPLACED = {"37", "98", "99"}
HEAD = "from_scheme,from_code,to_scheme,to_code,weight\n"


@cache
def rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def table(text: str) -> pl.DataFrame:
    frame = pl.read_csv((HEAD + text).encode(), infer_schema=False)
    return frame.with_row_index("_row_no", offset=1)


def by_prefix(name: str, code: str) -> str | None:
    """The division of the longest prefix."""
    listed = {next(iter(row.values())): row["isic4_division"] for row in rows(name)}
    return next((listed[code[:n]] for n in range(len(code), 1, -1) if code[:n] in listed), None)


# ------------------------------------------------------------ what ships


def test_nace_is_made_of_isic_and_both_are_whole() -> None:
    pairs = {row["nace2_code"]: row["isic4_code"] for row in rows("concordances/nace_isic")}
    assert len(pairs) == 615 and len(set(pairs.values())) == 419
    for digits, (nace, isic) in {2: (88, 88), 3: (272, 238)}.items():
        level = defaultdict(set)
        for code, target in pairs.items():
            level[code[:digits]].add(target[:digits])
        assert len(level) == nace and len(set().union(*level.values())) == isic
        assert {len(targets) for targets in level.values()} == {1}, "a group straddles two"
    assert all(code[:2] == target[:2] for code, target in pairs.items())
    # from the introduction to NACE and well known differences
    assert pairs["1071"] == "1071" and pairs["1081"] == "1072" and pairs["1091"] == "1080"
    assert pairs["4661"] == "4653" and pairs["4671"] == "4661" and pairs["5520"] == "5510"
    # ISIC's groups that the default taxonomy splits are groups that NACE leads to
    split = {r["industry_code"] for r in rows("clusters/cluster_industry")
             if r["industry_scheme"] == "ISIC4" and len(r["industry_code"]) == 3}  # fmt: skip
    assert split <= {code[:3] for code in pairs.values()}


def test_the_generator_refuses_a_list_with_a_hole() -> None:
    path = SEEDS / "concordances" / "build_concordances.py"
    spec = importlib.util.spec_from_file_location("build_concordances", path)
    assert spec is not None and spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    pairs = {(r["nace2_code"], r["isic4_code"]) for r in rows("concordances/nace_isic")}
    assert set(build.nace_in_isic(build.NACE_IN_ISIC)) == pairs
    with pytest.raises(SystemExit, match="codes where the classification has"):
        build.nace_in_isic(build.NACE_IN_ISIC.replace(" 8690 ", " "))


def test_naics_revisions_cover_every_industry_of_each() -> None:
    sides: dict[str, set[str]] = defaultdict(set)
    for row in rows("concordances/naics_revision"):
        sides[f"{row['from_version']}>"].add(row["from_code"])
        sides[f">{row['to_version']}"].add(row["to_code"])
    counts = {side: len(codes) for side, codes in sides.items()}
    assert counts == {"2012>": 1065, ">2017": 1057, "2017>": 1057, ">2022": 1012}
    assert sides[">2017"] == sides["2017>"]


def test_nuts_versions_have_as_many_regions_as_the_regulations_say() -> None:
    """Counts of the laws against codes of the links; the links are of outlines, not of laws."""
    outside = ("CH", "IS", "LI", "NO")
    codes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows("concordances/nuts_link"):
        codes[row["from_version"], row["nuts_level"]].add(row["from_code"])
        codes[row["to_version"], row["nuts_level"]].add(row["to_code"])
    found = {
        key: {
            c for c in members if not c.startswith((*outside, "UK") if key[0] > "2016" else outside)
        }
        for key, members in codes.items()
    }
    expected = {
        (row["nuts_version"], level): int(row[f"nuts{level}_count"])
        for row in rows("concordances/nuts_version")
        if row["nuts_version"] in ("2013", "2016", "2021", "2024")
        for level in "123"
        if (row["nuts_version"], level) != ("2024", "3")
    }
    assert {key: len(members) for key, members in found.items()} == expected
    for row in rows("concordances/nuts_link"):
        level = int(row["nuts_level"])
        assert len(row["from_code"]) == len(row["to_code"]) == level + 2
        assert row["from_code"][:2] == row["to_code"][:2]


def test_well_known_changes_of_regions() -> None:
    targets: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in rows("concordances/nuts_link"):
        key = (row["from_version"], row["from_code"])
        targets[key][row["to_code"]] = int(row["population_2018"])
    assert set(targets["2013", "FR21"]) == {"FRF2"} and set(targets["2013", "FR71"]) == {"FRK2"}
    assert set(targets["2013", "PL12"]) == {"PL91", "PL92"}
    assert set(targets["2016", "HR04"]) == {"HR02", "HR05", "HR06"}
    assert set(targets["2021", "PT16"]) == {"PT19", "PT1D"}
    assert set(targets["2021", "NL31"]) == {"NL35"}
    assert set(targets["2021", "DE21"]) == {"DE21"}
    # Hungary's statistical office: 1 January 2018, Budapest 1,749,734 and Pest county 1,261,864
    budapest, pest = targets["2013", "HU10"]["HU11"], targets["2013", "HU10"]["HU12"]
    assert abs(budapest / (budapest + pest) - 1_749_734 / (1_749_734 + 1_261_864)) < 0.001


def test_every_naics_group_and_every_division_is_placed() -> None:
    groups = {
        row["industry_code"]
        for row in rows("clusters/cluster_industry")
        if row["industry_scheme"] in ("NAICS2017", "NAICS2022")
    }
    unplaced = {code for code in groups if by_prefix("concordances/naics_isic", code) is None}
    assert unplaced == {"9999"}
    divisions = {row["isic4_code"][:2] for row in rows("concordances/nace_isic")}
    for name in ("hs_isic", "naics_isic"):
        assert {row["isic4_division"] for row in rows(f"concordances/{name}")} <= divisions
    placed = {by_prefix("concordances/naics_isic", code) for code in groups}
    assert divisions - placed == UNPLACED
    chapters = {f"{n:02d}" for n in range(1, 98)} - {"77"}
    listed = {
        row["hs_prefix"] for row in rows("concordances/hs_isic") if len(row["hs_prefix"]) == 2
    }
    assert listed == chapters


@pytest.mark.parametrize(("name", "least"), [("naics_isic", 2), ("hs_isic", 2)])
def test_no_prefix_repeats_its_parent(name: str, least: int) -> None:
    for row in rows(f"concordances/{name}"):
        prefix = next(iter(row.values()))
        if len(prefix) > least:
            shorter = by_prefix(f"concordances/{name}", prefix[:-1])
            assert shorter != row["isic4_division"], prefix


def test_both_roads_from_an_industry_lead_to_the_same_cluster() -> None:
    """NAICS → cluster, and NAICS → ISIC → cluster, are two judgements; where they part is known."""
    clusters: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows("clusters/cluster_industry"):
        clusters[row["industry_scheme"]][row["industry_code"]] = row["cluster_id"]
    parted = set()
    for scheme in ("NAICS2017", "NAICS2022"):
        for code, cluster in clusters[scheme].items():
            division = by_prefix("concordances/naics_isic", code)
            reached = {c for k, c in clusters["ISIC4"].items() if k[:2] == division}
            if division and cluster not in reached:
                parted.add(code)
    known = "1142 3346 4231 4851 4852 4853 4854 4855 4859 4871 4872 4879 7114 8111"
    assert " ".join(sorted(parted)) == known


def test_every_shipped_table_says_how_it_was_made() -> None:
    made = {
        (row["from_scheme"], row["to_scheme"]) for row in rows("concordances/concordance_source")
    }
    revisions = {
        pair
        for row in rows("concordances/naics_revision")
        for old, new in [(f"NAICS{row['from_version']}", f"NAICS{row['to_version']}")]
        for pair in ((old, new), (new, old))
    }
    versions = {
        pair
        for row in rows("concordances/nuts_link")
        for old, new in [(f"NUTS{row['from_version']}", f"NUTS{row['to_version']}")]
        for pair in ((old, new), (new, old))
    }
    assert made == revisions | versions | {
        ("NACE2", "ISIC4"), ("ISIC4", "NACE2"), ("NAICS2017", "ISIC4"), ("NAICS2022", "ISIC4"),
        ("HS", "ISIC4"),
    }  # fmt: skip
    assert {row["may_be_passed_on"] for row in rows("concordances/concordance_source")} == {"true"}


@pytest.mark.real
def test_pairs_of_naics_are_those_of_the_census_bureau(real_data: Path) -> None:
    for old, new in (("2012", "2017"), ("2017", "2022")):
        path = real_data / "us" / "crosswalks" / f"{old}_to_{new}_NAICS.csv"
        with path.open(newline="", encoding="utf-8-sig") as lines:
            published = {
                (row[0].strip(), row[2].strip())
                for row in csv.reader(lines)
                if len(row) > 2 and row[0].strip().isdigit() and row[2].strip().isdigit()
            }
        ours = {
            (row["from_code"], row["to_code"])
            for row in rows("concordances/naics_revision")
            if row["from_version"] == old
        }
        assert ours == {pair for pair in published if len(pair[0]) == len(pair[1]) == 6}


@pytest.mark.real
def test_products_lie_where_an_official_correspondence_allows(real_data: Path) -> None:
    allowed: dict[str, Counter[str]] = defaultdict(Counter)
    with gzip.open(
        real_data / "trade" / "concordances" / "concordance_hs_isic4.csv.gz", "rt"
    ) as lines:
        for row in csv.DictReader(lines):
            allowed[row["HS_6d"]][row["ISIC4_2d"]] += 1
    with gzip.open(real_data / "trade" / "baci" / "product_codes.csv.gz", "rt") as lines:
        products = [next(iter(row.values())).zfill(6) for row in csv.DictReader(lines)]
    judged = [code for code in products if code != "999999" and set(allowed[code]) - {""}]
    agreeing = [c for c in judged if by_prefix("concordances/hs_isic", c) in allowed[c]]
    assert len(judged) > 5000
    assert len(agreeing) / len(judged) > 0.98
    alone = [code for code in judged if len(set(allowed[code]) - {""}) == 1]
    agreeing = [c for c in alone if by_prefix("concordances/hs_isic", c) in allowed[c]]
    assert len(alone) > 1900 and len(agreeing) / len(alone) > 0.97


# ------------------------------------------------------------ rules


def test_equal_parts_by_hand() -> None:
    pairs = pl.DataFrame(
        [("A", "1", "B", "x"), ("A", "1", "B", "y"), ("A", "1", "B", "x"), ("A", "2", "B", "y")],
        schema=["from_scheme", "from_code", "to_scheme", "to_code"], orient="row",
    )  # fmt: skip
    links = concordance.equal_parts(pairs)
    assert links.rows() == [
        ("A", "1", "B", "x", 0.5),
        ("A", "1", "B", "y", 0.5),
        ("A", "2", "B", "y", 1.0),
    ]


def test_convert_by_hand() -> None:
    """1 goes half to x and half to y, 2 whole to y, 3 has no link: 10, 4, 1 → 5, 9, unmapped 1."""
    links = pl.DataFrame(
        [("1", "x", 0.5), ("1", "y", 0.5), ("2", "y", 1.0)],
        schema=["from_code", "to_code", "weight"], orient="row",
    )  # fmt: skip
    amounts = pl.DataFrame({"code": ["1", "2", "3"], "jobs": [10.0, 4.0, 1.0]})
    out = concordance.convert(amounts, links, code="code", amount="jobs")
    assert out.rows() == [("unmapped", 1.0), ("x", 5.0), ("y", 9.0)]
    withheld = amounts.with_columns(
        pl.when(pl.col("code") == "2").then(None).otherwise("jobs").alias("jobs")
    )
    out = concordance.convert(withheld, links, code="code", amount="jobs")
    assert out.rows() == [("unmapped", 1.0), ("x", 5.0), ("y", None)]
    with pytest.raises(MetricInput, match=r"those of '1' sum to 0\.5, not 1"):
        concordance.convert(amounts, links[1:], code="code", amount="jobs")


@given(
    pairs=st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1),
    amounts=st.lists(st.floats(0, 1e12), min_size=12, max_size=12),
)
def test_totals_are_conserved(pairs: set[tuple[int, int]], amounts: list[float]) -> None:
    links = concordance.equal_parts(
        pl.DataFrame(
            [("A", str(a), "B", str(b)) for a, b in sorted(pairs)],
            schema=["from_scheme", "from_code", "to_scheme", "to_code"],
            orient="row",
        )
    )
    cells = pl.DataFrame({"code": [str(n) for n in range(12)], "jobs": amounts})
    out = concordance.convert(cells, links, code="code", amount="jobs")
    assert math.isclose(out["jobs"].sum(), math.fsum(amounts), rel_tol=1e-12, abs_tol=1e-9)
    unlinked = [n for n in range(12) if n not in {a for a, _ in pairs}]
    kept = out.filter(pl.col("to_code") == "unmapped")["jobs"].sum()
    assert math.isclose(kept, math.fsum(amounts[n] for n in unlinked), abs_tol=1e-9, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("HS12,1,HS07,2,1\n", ""),
        ("HS12,1,HS07,2,.5\nHS12,1,HS07,3,.5\n", ""),
        ("HS12,1,HS07,2,.5\nHS12,1,HS07,3,.4\n",
         "row 2, weight: the weights of HS12 1 to HS07 sum to 0.9"),
        ("HS12,1,HS07,2,1\nHS12,1,HS07,2,1\n", "row 3, to_code: the link stands in row 2 already"),
        ("HS12,1,HS07,2,0\n", "row 2, weight: '0' is no number above 0 and up to 1"),
        ("HS12,1,HS07,2,nan\n", "row 2, weight: 'nan' is no number"),
        ("HS12,1,HS07,2,half\n", "row 2, weight: 'half' is no number"),
        ("HS12,1,HS07,,1\n", "row 2, to_code: is empty"),
        ("HS12,1,HS12,2,1\n", "row 2, to_scheme: is the classification of the source code"),
        ("HS 12,1,HS07,2,1\n", "row 2, from_scheme: 'HS 12' is no name of a classification"),
        ("HS12,1,HS07,unmapped,1\n", "row 2, to_code: 'unmapped' is no code"),
    ],
)  # fmt: skip
def test_mistakes_are_named(text: str, reason: str) -> None:
    found = [str(problem) for problem in concordance.problems(table(text))]
    assert found == [] if not reason else any(reason in line for line in found), found


# ------------------------------------------------------------ one's own files


def test_a_file_is_used_whole_or_not_at_all(tmp_path: Path) -> None:
    good = HEAD + "HS12,010121,HS07,010110,1\n"
    gated = parsed(SOURCE, "mine.csv", [reply(tmp_path, good, Media.CSV, "x")])
    assert gated.good.height == 1 and gated.good["weight"].to_list() == [1.0]
    for body, why in (
        (good + "HS12,010129,HS07,010190,0.4\n", "sum to 0.4, not 1"),
        (good.replace("weight", "share"), "column weight is not there"),
        (HEAD, "there are no rows"),
        (good.replace("HS12", "H\udce9S12"), "is not UTF-8"),
    ):
        raw = body.encode("utf-8", "surrogateescape")
        with pytest.raises(SchemaDrift, match=why):
            parsed(SOURCE, "mine.csv", [reply(tmp_path, raw, Media.CSV, "x")])


def test_files_of_the_folder_are_the_parts(tmp_path: Path) -> None:
    assert SOURCE.parts(Settings(home=tmp_path)) == []
    folder = tmp_path / "concordances"
    folder.mkdir()
    for name in ("b.csv", "a.csv", "~lock.csv", "notes.txt"):
        (folder / name).write_text(HEAD)
    assert SOURCE.parts(Settings(home=tmp_path)) == ["a.csv", "b.csv"]
    assert not SOURCE.licence.redistribute_raw


def test_pairs_become_a_checked_file(cli: Cli, tmp_path: Path) -> None:
    pairs = tmp_path / "un.csv"
    pairs.write_text("code.after,code.before,adjustment\n10121,10110,2012 to 2007\n10129,10110,"
                     "2012 to 2007\n10130,10190,2012 to 2007\n999,1,2017 to 2012\n")  # fmt: skip
    made = tmp_path / "hs07_hs12.csv"
    words = ["concordance", "from-pairs", str(pairs), str(made), "--from-scheme", "HS2007",
             "--to-scheme", "HS2012", "--from-column", "code.before", "--to-column", "code.after",
             "--where", "adjustment=2012 to 2007", "--digits", "6"]  # fmt: skip
    code, text = cli(*words)
    assert code == 0 and "2 codes to 3, 1 of them split in equal parts" in text
    assert made.read_text().splitlines() == [
        HEAD.strip(), "HS2007,010110,HS2012,010121,0.5", "HS2007,010110,HS2012,010129,0.5",
        "HS2007,010190,HS2012,010130,1.0",
    ]  # fmt: skip
    code, text = cli("concordance", "check", str(made))
    assert code == 0 and "3 links, 0 mistakes: would be used" in text
    made.write_text(made.read_text().replace("0.5", "0.6"))
    code, text = cli("concordance", "check", str(made))
    assert code == 1 and "sum to 1.2, not 1" in text
    assert cli(*words)[0] == 2  # the file is there already
    assert cli(*words[:3], str(tmp_path / "x.csv"), *words[4:-4], "--where", "adjustment=x")[0] == 2
    with pytest.raises(ConfigError, match=r"is no \.csv file"):
        SOURCE.refusals(tmp_path / "nothing.csv")


@pytest.mark.real
def test_revisions_of_the_harmonized_system_convert_and_keep_totals(
    real_data: Path, cli: Cli, tmp_path: Path
) -> None:
    source = real_data / "trade" / "concordances" / "HS_consolidated_comtrade_concordances.csv.gz"
    made = tmp_path / "hs2017_hs2012.csv"
    code, text = cli("concordance", "from-pairs", str(source), str(made), "--from-scheme", "HS2017",
                     "--to-scheme", "HS2012", "--from-column", "code.after", "--to-column",
                     "code.before", "--where", "adjustment=2017 to 2012",
                     "--digits", "6")  # fmt: skip
    assert code == 0, text
    assert SOURCE.refusals(made)[1] == []
    links = pl.read_csv(made, infer_schema=False).with_columns(pl.col("weight").cast(pl.Float64))
    codes = links["from_code"].unique().sort()
    assert codes.len() > 5000 and codes.str.len_chars().unique().to_list() == [6]
    amounts = pl.DataFrame({"k": codes, "usd": [float(n + 1) for n in range(codes.len())]})
    out = concordance.convert(amounts, links, code="k", amount="usd")
    assert math.isclose(out["usd"].sum(), amounts["usd"].sum(), rel_tol=1e-12)
    assert "unmapped" not in out["to_code"].to_list()
