"""Custom regions: a file is used whole or not at all, and every mistake is named."""

from __future__ import annotations

from pathlib import Path

import httpx2 as httpx
import pytest

from pipelines.errors import ConfigError, SchemaDrift
from pipelines.http.classify import Media
from pipelines.settings import Settings
from pipelines.sources.regions import SOURCE, files
from pipelines.transports import LocalTransport
from tests.conftest import Cli
from tests.replies import cells, parsed, reply

HEAD = "region_id,region_name,member_geo_id\n"
GOOD = "delta,The Delta,USA-FIPS-28151\ndelta,The Delta,USA-FIPS-28011\n"


def csv(folder: Path, body: str, name: str = "mine.csv"):
    return reply(folder, body, Media.CSV, f"regions://local/{name}")


def test_a_file_is_read(tmp_path: Path) -> None:
    body = "\ufeffRegion_ID,region_name,member_geo_id,note\n" + GOOD.replace("\n", ",x\n") + ",,,\n"
    got = parsed(SOURCE, "mine.csv", [csv(tmp_path, body)])
    assert got.bad.is_empty()
    assert cells(got.good, "region_id", "region_name", "member_geo_id") == [
        ("delta", "The Delta", "USA-FIPS-28151"),
        ("delta", "The Delta", "USA-FIPS-28011"),
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("delta,Delta,USA-FIPS-28027", "row 4: region 'delta' is called 'Delta' here and 'The Del"),
        ("delta,The Delta,USA-FIPS-28151", "row 4: 'USA-FIPS-28151' is in region 'delta' twice"),
        ("delta,The Delta,USA-FIPS-28999", "row 4: member_geo_id 'USA-FIPS-28999' is no US state"),
        ("delta,The Delta,USA-FIPS-28", "row 2: 'USA-FIPS-28151' lies in 'USA-FIPS-28', which is"),
        ("delta,The Delta,DEU-NUTS2013-DE21", "region 'delta' has members of several lists: DEU-"),
    ],
)
def test_a_contradiction_refuses_the_file(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(SchemaDrift, match=message):
        parsed(SOURCE, "mine.csv", [csv(tmp_path, HEAD + GOOD + row + "\n")])


@pytest.mark.parametrize(
    ("body", "name", "message"),
    [
        ("region_id,name\n", "mine.csv", "column region_name, member_geo_id is not there"),
        (HEAD + GOOD, "my regions.csv", "file.s name becomes part"),
        (HEAD + GOOD + "a,b\n", "mine.csv", None),
    ],
)
def test_a_file_that_is_no_list_is_refused(
    tmp_path: Path, body: str, name: str, message: str | None
) -> None:
    if message is None:  # a short row is a row without a member: held back, and with it the file
        path = tmp_path / name
        path.write_text(body)
        assert SOURCE.refusals(path) == (3, ["row 4: member_geo_id is empty"])
        assert SOURCE.max_quarantine_share == 0
        return
    with pytest.raises(SchemaDrift, match=message):
        parsed(SOURCE, name, [csv(tmp_path, body, name)])


def test_check_names_every_mistake(tmp_path: Path, cli: Cli) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(HEAD + GOOD)
    assert cli("regions", "check", str(path)) == (
        0,
        "mine.csv: 2 members, 0 mistakes: would be used\n",
    )
    path.write_text(HEAD + GOOD + "x y,X,USA-FIPS-28011\nz,Z,Memphis\n")
    code, text = cli("regions", "check", str(path))
    assert code == 1 and "row 4: region_id is 'x y'" in text and "row 5: member_geo_id" in text
    assert cli("regions", "check", str(tmp_path / "no.csv"))[0] == 2
    path.write_text("a,b\n")
    assert cli("regions", "check", str(path))[0] == 2
    with pytest.raises(ConfigError, match=r"is no \.csv file"):
        SOURCE.refusals(tmp_path)


def test_files_are_parts_in_every_profile(tmp_path: Path) -> None:
    folder = tmp_path / "regions"
    folder.mkdir()
    (folder / "mine.csv").write_text(HEAD + GOOD)
    (folder / ".~lock.csv").write_text("open in a spreadsheet")
    assert [path.name for path in files(tmp_path)] == ["mine.csv"]
    for profile in ("demo", "live"):
        settings = Settings(home=tmp_path, profile=profile)
        assert SOURCE.parts(settings) == ["mine.csv"] and SOURCE.off(settings) == ""
    client = httpx.Client(transport=LocalTransport(tmp_path, httpx.MockTransport(lambda r: 1)))
    assert client.get("regions://local/mine.csv").text == HEAD + GOOD
