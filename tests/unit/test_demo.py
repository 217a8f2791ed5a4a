"""The demo profile: the official formats, synthetic figures, and exactly the promised oddities."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest

from pipelines import contracts
from pipelines.demo import DEMO_WARTS, DemoTransport, UnknownUrl
from pipelines.demo.noise import Noise, ids
from pipelines.demo.wdi_figures import known_series
from pipelines.http.classify import Outcome
from pipelines.landing import Landed
from pipelines.landing_store import kept_file
from pipelines.settings import Settings
from pipelines.sources.base import Answer, discover
from pipelines.sources.wdi import series_codes, series_list

TODAY = date(2026, 11, 23)
SEED = 20050309
SETTINGS = Settings(today=TODAY)
WDI = "https://api.worldbank.org/v2"
BACI = "https://www.cepii.fr/DATA_DOWNLOAD/baci/data/BACI_HS17_V202601.zip"
BDS = "https://www2.census.gov/programs-surveys/bds/tables/time-series/2023/bds2023_st.csv"
CBP = "https://www2.census.gov/programs-surveys/cbp/datasets/2021/cbp21co.zip"
# without Chinese Taipei, which the World Bank leaves out
APEC_TEXT = "AUS BRN CAN CHL CHN HKG IDN JPN KOR MYS MEX NZL PNG PER PHL RUS SGP THA USA VNM"
APEC = APEC_TEXT.split()


def series_url(code: str, page: int = 1, per_page: int = 10_000) -> str:
    query = f"format=json&source=2&per_page={per_page}&page={page}"
    return f"{WDI}/country/all/indicator/{code}?{query}"


def ask(transport: DemoTransport, url: str, **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return transport.handle_request(httpx.Request("GET", url, headers=sent))


def page(transport: DemoTransport, url: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    header, rows = json.loads(ask(transport, url).content)
    return header, rows


@pytest.fixture(scope="module")
def demo() -> DemoTransport:
    return DemoTransport(today=TODAY)


@pytest.fixture(scope="module")
def first_vintage() -> DemoTransport:
    return DemoTransport(today=TODAY, vintage=1)


# ------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/",
        f"{WDI}/country/all/indicator/SP.POP.TOTL",
        f"{WDI}/country/USA/indicator/SP.POP.TOTL?format=json&source=2&per_page=10&page=1",
        series_url("SP.POP.TOTL").replace("source=2", "source=57"),
        series_url("SP.POP.TOTL") + "&date=2020",
        series_url("SP.POP.TOTL").replace("https", "http"),
        f"{WDI}/sources/2?format=xml",
        f"{WDI}/sources/57?format=json",
        BACI.replace("zip", "7z"),
        BDS.replace("bds2023_st", "bds2022_st"),
        CBP.replace("cbp21co", "cbp20co"),
    ],
)
def test_an_unknown_address_is_an_error_that_names_it(demo: DemoTransport, url: str) -> None:
    with pytest.raises(UnknownUrl) as caught:
        ask(demo, url)
    assert url in str(caught.value)
    assert isinstance(caught.value, LookupError)


def test_the_order_of_parameters_does_not_matter(demo: DemoTransport) -> None:
    url = f"{WDI}/country/all/indicator/SP.POP.TOTL?page=1&per_page=10000&source=2&format=json"
    assert ask(demo, url).content == ask(demo, series_url("SP.POP.TOTL")).content


@pytest.mark.parametrize("wrong", [{"scale": 0}, {"vintage": 3}])
def test_senseless_arguments_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        DemoTransport(**wrong)


def test_years_that_are_not_published_yet_are_404(demo: DemoTransport) -> None:
    base = "https://www2.census.gov/programs-surveys"
    for year, status in ((2014, 404), (2015, 200), (2024, 200), (2025, 404)):
        reply = ask(demo, f"{base}/cbp/datasets/{year}/cbp{year % 100:02d}co.zip")
        assert reply.status_code == status, year
    releases = [
        year
        for year in range(2018, 2030)
        if ask(demo, f"{base}/bds/tables/time-series/{year}/bds{year}_st.csv").status_code == 200
    ]
    assert releases == [2023]


def test_every_series_that_is_read_can_be_served() -> None:
    assert set(series_codes()) <= set(known_series())


# ------------------------------------------------------------ same in, same out


@pytest.mark.parametrize("url", [series_url("IP.PAT.RESD"), BACI, BDS, CBP])
def test_same_seed_same_bytes_and_another_seed_other_bytes(demo: DemoTransport, url: str) -> None:
    again = ask(DemoTransport(today=TODAY, seed=SEED), url)
    assert again.content == ask(demo, url).content
    assert ask(DemoTransport(today=TODAY, seed=1), url).content != again.content


def test_a_year_s_figures_do_not_depend_on_the_day_of_asking(demo: DemoTransport) -> None:
    later = DemoTransport(today=date(2028, 2, 1))
    assert ask(later, CBP).content == ask(demo, CBP).content
    code = "NY.GDP.MKTP.CD"
    shared = cell_values(later, code).keys() & cell_values(demo, code).keys()
    apec = [key for key in shared if key[0] in APEC and 2018 <= key[1] <= 2019]
    assert apec
    assert {k: cell_values(later, code)[k] for k in apec} == {
        k: cell_values(demo, code)[k] for k in apec
    }


def test_noise_is_addressed_and_not_drawn_in_order() -> None:
    noise = Noise(7, "a")
    names = ["x", "y", "z"]
    assert noise.normal(ids(names))[1] == noise.normal(ids(["y"]))[0]
    assert noise.normal(ids(names)).tolist() != Noise(7, "b").normal(ids(names)).tolist()
    many = noise.normal(np.arange(100_000))
    assert abs(many.mean()) < 0.02 and abs(many.std() - 1) < 0.02 and np.abs(many).max() < 3.5
    even = noise.uniform(np.arange(100_000))
    assert even.min() >= 0 and even.max() < 1 and abs(even.mean() - 0.5) < 0.01


# ------------------------------------------------------------ World Bank


def cell_values(transport: DemoTransport, code: str) -> dict[tuple[str, int], float | None]:
    _, rows = page(transport, series_url(code))
    return {
        (row["countryiso3code"] or row["country"]["id"], int(row["date"])): row["value"]
        for row in rows
        if row["date"].isdigit()
    }


def test_world_bank_headers_have_types_by_route(demo: DemoTransport) -> None:
    signal, (database,) = page(demo, f"{WDI}/sources/2?format=json")
    assert set(map(type, signal.values())) == {str}
    assert database["lastupdated"] == "2026-10-07"
    listed, _ = page(demo, f"{WDI}/country?format=json&per_page=400&page=1")
    assert type(listed["per_page"]) is str and type(listed["total"]) is int
    data, _ = page(demo, series_url("SP.POP.TOTL"))
    assert {
        key: type(data[key]) for key in ("page", "pages", "per_page", "total")
    } == dict.fromkeys(("page", "pages", "per_page", "total"), int)
    assert (data["sourceid"], data["lastupdated"]) == ("2", "2026-10-07")


def test_world_bank_rows_are_in_the_api_s_order(demo: DemoTransport) -> None:
    _, listed = page(demo, f"{WDI}/country?format=json&per_page=400&page=1")
    aggregates = {row["iso2Code"] for row in listed if row["region"]["id"] == "NA"}
    _, rows = page(demo, series_url("SP.POP.TOTL"))
    kinds = [row["country"]["id"] in aggregates for row in rows]
    assert kinds == sorted(kinds, reverse=True) and 0 < sum(kinds) < len(kinds)
    years = [int(row["date"]) for row in rows[:10]]
    assert years == list(range(2025, 2015, -1))
    without_iso3 = {row["country"]["id"] for row in rows if not row["countryiso3code"]}
    assert without_iso3 == {"XD", "XT", "XN", "XM"}


def test_the_world_bank_covers_apec_but_chinese_taipei(demo: DemoTransport) -> None:
    _, listed = page(demo, f"{WDI}/country?format=json&per_page=400&page=1")
    economies = {row["id"] for row in listed if row["region"]["id"] != "NA"}
    assert set(APEC) <= economies and "TWN" not in economies and len(economies) >= 45
    for code in series_codes():
        values = cell_values(demo, code)
        assert "TWN" not in {economy for economy, _ in values}
        with_figure = {
            economy for (economy, _), value in values.items() if value not in (None, "n/a")
        }
        # Enterprise Surveys leave out most rich economies
        fewest = 11 if known_series()[code].surveyed.startswith("economy") else 15
        assert len(with_figure & set(APEC)) >= fewest, code
    density = cell_values(demo, "IC.BUS.NDNS.ZS")
    assert {density["USA", year] for year in range(2015, 2025)} == {None}


def test_surveys_come_in_irregular_years_and_scores_every_second(demo: DemoTransport) -> None:
    outages = cell_values(demo, "IC.ELC.OUTG.ZS")
    years = {
        economy: sorted(year for (e, year), value in outages.items() if e == economy and value)
        for economy in ("CHL", "PHL", "PNG", "VNM", "THA", "IDN", "MEX")
    }
    assert all(later - year == 4 for y in years.values() for year, later in itertools.pairwise(y))
    assert len({y[0] for y in years.values()}) > 1
    scores = cell_values(demo, "LP.LPI.INFR.XQ")
    assert {year for (_, year), value in scores.items() if value} == {2016, 2018, 2020, 2022, 2024}


def test_levels_have_a_believable_size(demo: DemoTransport) -> None:
    assert 40 < cell_values(demo, "IT.NET.BBND.P2")["KOR", 2023] < 50
    assert 2e13 < cell_values(demo, "NY.GDP.MKTP.CD")["USA", 2023] < 3e13
    people = cell_values(demo, "SP.POP.TOTL")
    assert people["WLD", 2023] > people["CHN", 2023] > people["USA", 2023] > 3e8
    assert type(people["CHN", 2023]) is int


def test_an_unknown_series_is_a_message_with_status_200(demo: DemoTransport) -> None:
    for url in (series_url("NO.SUCH.CODE"), series_url("SP.POP.TOTL", page=0)):
        reply = ask(demo, url)
        assert reply.status_code == 200
        assert json.loads(reply.content)[0]["message"][0]["id"] == "120"
    refused = ask(demo, series_url("SP.POP.TOTL", per_page=50_000))
    assert refused.status_code == 400 and refused.content.startswith(b"\xef\xbb\xbf<")


def test_pages_hold_every_row_once(demo: DemoTransport) -> None:
    whole, rows = page(demo, series_url("SE.TER.ENRR"))
    header, _ = page(demo, series_url("SE.TER.ENRR", per_page=100))
    paged = [
        row
        for number in range(1, header["pages"] + 1)
        for row in page(demo, series_url("SE.TER.ENRR", page=number, per_page=100))[1]
    ]
    assert paged == rows and len(rows) == whole["total"] == header["total"]


def test_world_bank_caching_headers_say_nothing(demo: DemoTransport) -> None:
    headers = ask(demo, series_url("SP.POP.TOTL")).headers
    assert "etag" not in headers and "max-age=2592000" in headers["cache-control"]
    assert headers["last-modified"] == headers["date"]


# ------------------------------------------------------------ vintages


def test_the_second_vintage_revises_adds_and_withdraws(
    demo: DemoTransport, first_vintage: DemoTransport
) -> None:
    kinds: Counter[str] = Counter()
    for code in series_codes():
        old, new = cell_values(first_vintage, code), cell_values(demo, code)
        kinds["series_unchanged"] += old == new
        kinds["rows_added"] += len(new.keys() - old.keys())
        kinds["rows_dropped"] += len(old.keys() - new.keys())
        for key in old.keys() & new.keys():
            if old[key] is None and new[key] is not None:
                kinds["filled"] += 1
            elif old[key] is not None and new[key] is None:
                kinds["withdrawn"] += 1
            elif old[key] != new[key]:
                kinds["changed"] += 1
            else:
                kinds["same"] += 1
    assert kinds["same"] > 5 * kinds["changed"] > 0
    assert kinds["filled"] and kinds["withdrawn"] and kinds["rows_added"]
    assert kinds["rows_dropped"] == 20  # one economy each in two series
    newest = {code: max(year for _, year in cell_values(demo, code)) for code in series_codes()}
    frozen = {code for code, series in series_list().items() if series.last_year}
    assert {newest.pop(code) for code in frozen} == {2019}
    assert set(newest.values()) == {2024, 2025}
    for code in frozen:  # what its publisher gave up is not revised
        assert cell_values(first_vintage, code) == cell_values(demo, code)
    before = page(first_vintage, f"{WDI}/sources/2?format=json")[1][0]["lastupdated"]
    assert before == "2026-07-01"


@pytest.mark.parametrize("url", [BACI, BDS, CBP])
def test_static_files_are_the_same_in_both_vintages(
    demo: DemoTransport, first_vintage: DemoTransport, url: str
) -> None:
    assert ask(first_vintage, url).headers["etag"] == ask(demo, url).headers["etag"]


# ------------------------------------------------------------ static hosts


def test_a_static_file_answers_conditions_and_ranges(demo: DemoTransport) -> None:
    whole = ask(demo, BDS)
    tag, changed = whole.headers["etag"], whole.headers["last-modified"]
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-length"] == str(len(whole.content))
    assert ask(demo, BDS, if_none_match=tag).status_code == 304
    assert ask(demo, BDS, if_none_match='"other"').status_code == 200
    assert ask(demo, BDS, if_modified_since=changed).status_code == 304
    rest = ask(demo, BDS, range="bytes=100-", if_range=tag)
    assert (rest.status_code, rest.content) == (206, whole.content[100:])
    assert ask(demo, BDS, range="bytes=100-", if_range='"other"').content == whole.content
    assert ask(demo, BDS, range=f"bytes={len(whole.content)}-").status_code == 416


# ------------------------------------------------------------ what the gates have to refuse


def landed(folder: Path, reply: httpx.Response, spec: Any) -> Landed:
    path = folder / f"reply{len(list(folder.iterdir()))}"
    path.write_bytes(reply.content)
    return Landed(
        str(path), kept_file(path), spec.media, spec.public_url, datetime.now(UTC),
        reply.headers.get("etag"), reply.headers.get("last-modified"),
    )  # fmt: skip


def refused(source_id: str, part: str, demo: DemoTransport, folder: Path) -> Counter[Any]:
    """Rows that the contracts refuse when the source reads the part from the demo."""
    source, answers = discover()[source_id], []
    while spec := source.next_request(part, answers, SETTINGS):
        reply = ask(demo, spec.public_url)
        if reply.status_code == 404:
            answers.append(Answer(spec, Outcome.NOT_YET_PUBLISHED, None))
        else:
            answers.append(Answer(spec, Outcome.OK, landed(folder, reply, spec)))
    replies = [answer.landed for answer in answers if answer.landed]
    source.prove(part, replies)
    found: Counter[Any] = Counter()
    for chunk in source.parse(part, replies):
        gated = contracts.apply(source.table(chunk.table), chunk.rows, part)
        assert gated.good.height + gated.bad.height == chunk.rows.height
        for column, rule in gated.bad.select("column_name", "rule").iter_rows():
            found[chunk.table, column, rule] += 1
    return found


PARTS = [
    *(("wdi", part) for part in ("economies", *series_codes())),
    ("baci", "HS17_V202601"),
    ("bds", "states"),
    ("cbp", "2021"),
    ("cbp", "2024"),
]


@pytest.mark.parametrize(("source_id", "part"), PARTS, ids=lambda name: name)
def test_contracts_refuse_the_warts_and_nothing_else(
    source_id: str, part: str, demo: DemoTransport, tmp_path: Path
) -> None:
    expected = {
        (wart.table, wart.column, wart.rule): wart.rows
        for wart in DEMO_WARTS
        if wart.source == source_id and wart.part in ("*", part)
    }
    assert refused(source_id, part, demo, tmp_path) == expected
