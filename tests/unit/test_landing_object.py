"""A landing in an object store: written once, by however many workers, and never with a secret."""

from __future__ import annotations

import hashlib
import multiprocessing as mp
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import S3Store

from pipelines.errors import ConfigError, StorageError
from pipelines.http.classify import Media, Outcome, Verdict
from pipelines.http.client import Fetched, RequestSpec
from pipelines.landed_replies import Tampered, check
from pipelines.landing import Landing, known_validators, read_log
from pipelines.landing_object import ObjectLanding
from pipelines.landing_store import LocalLanding, copy_all, open_landing
from pipelines.settings import Settings, load_settings
from tests.conftest import Cli
from tests.objects import KEY_ID, SECRET, ObjectServer

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
BODY = b"hello " * 1000


def fetched(folder: Path, body: bytes, media: Media = Media.JSON) -> Fetched:
    path = folder / "x.part"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    spec = RequestSpec("src", "part", "https://a.example/f", (("q", "1"),), media)
    return Fetched(
        spec, Verdict(Outcome.OK), 200, {"etag": '"e"'}, path, hashlib.sha256(body).hexdigest(),
        len(body), len(body), 1, NOW, NOW,
    )  # fmt: skip


@pytest.fixture
def url(object_server: ObjectServer) -> str:
    return f"s3://{object_server.new_bucket()}/clusterkpi/landing"


def run(store: Any, run_id: str = "r1") -> Landing:
    return Landing(store, run_id=run_id, realm="official", profile="live")


def stored(url: str) -> dict[str, bytes]:
    bucket, prefix = url.removeprefix("s3://").split("/", 1)
    store = S3Store(bucket, prefix=prefix)
    names = [entry["path"] for page in obstore.list(store) for entry in page]
    return {name: bytes(obstore.get(store, name).bytes()) for name in names}


@pytest.mark.parametrize("media", [Media.JSON, Media.ZIP])
def test_the_same_names_and_bytes_as_in_a_folder(url: str, tmp_path: Path, media: Media) -> None:
    here, there = run(LocalLanding(tmp_path / "here")), run(ObjectLanding(url, tmp_path / "there"))
    for landing in (here, there):
        landed = landing.land(fetched(landing.work_dir, BODY, media))
        assert landed.read() == BODY
        check([landed], "src/part@r1")
        assert not list(landing.work_dir.glob("*"))
    names = here.store.names("src")
    assert there.store.names("src") == names and len(names) == 1
    assert stored(url) == {name: (tmp_path / "here" / name).read_bytes() for name in names}


def test_another_worker_finds_bytes_records_log_and_events(url: str, tmp_path: Path) -> None:
    first = run(ObjectLanding(url, tmp_path / "a"))
    reply = fetched(first.work_dir, BODY)
    landed = first.land(reply)
    first.log(reply, licence_id="L")
    first.close_log()
    first.store.record("vintages/official/src/v1.json", b"{}")
    first.store.note("20260102T000000Z", {"event": "run", "run_id": "20260102T000000Z"})
    first.store.note("20260101T000000Z", {"event": "run", "run_id": "20260101T000000Z"})
    other = run(ObjectLanding(url, tmp_path / "b"), "r2")
    assert other.kept("src", landed.sha256, Media.JSON).exists()
    assert other.kept("src", landed.sha256, Media.JSON).path.read_bytes()[:4] == b"\x28\xb5\x2f\xfd"
    assert not other.kept("src", "0" * 64, Media.JSON).exists()
    assert other.store.names("vintages") == ["vintages/official/src/v1.json"]
    assert other.store.read("vintages/official/src/v1.json") == b"{}"
    assert [event["run_id"][:8] for event in other.store.events()] == ["20260101", "20260102"]
    log = read_log(other.store)
    assert log["run_id"].to_list() == ["r1"]
    assert next(iter(known_validators(log, "official").values()))[0] == landed.sha256
    assert not list((tmp_path / "a" / "log").glob("*"))  # what is landed is not kept twice


def test_what_is_written_stays_as_it_is(url: str, tmp_path: Path) -> None:
    store, other = ObjectLanding(url, tmp_path / "a"), ObjectLanding(url, tmp_path / "b")
    store.record("vintages/official/src/v1.json", b"one")
    other.record("vintages/official/src/v1.json", b"one")  # the same: nothing happened
    with pytest.raises(StorageError, match="by another worker with other content"):
        other.record("vintages/official/src/v1.json", b"two")
    assert stored(url) == {"vintages/official/src/v1.json": b"one"}
    assert store.claim("20260101T000000Z") and not other.claim("20260101T000000Z")


def _worker(url: str, scratch: Path, start: Any, answers: Any) -> None:
    landing = run(ObjectLanding(url, scratch))
    start.wait()
    claimed = []
    for number in range(20):
        landing.land(fetched(landing.work_dir, BODY + str(number).encode()))
        claimed.append(landing.store.claim(f"stamp{number:02d}"))
        landing.store.record(f"vintages/official/src/{number}.json", b"{}")
    answers.put(claimed)


def test_two_processes_that_land_the_same_at_once(url: str, tmp_path: Path) -> None:
    spawn = mp.get_context("spawn")
    start, answers = spawn.Barrier(2), spawn.Queue()
    workers = [
        spawn.Process(target=_worker, args=(url, tmp_path / name, start, answers))
        for name in ("a", "b")
    ]
    for worker in workers:
        worker.start()
    one, two = answers.get(timeout=60), answers.get(timeout=60)
    for worker in workers:
        worker.join(timeout=60)
        assert worker.exitcode == 0
    assert all(mine is not theirs for mine, theirs in zip(one, two, strict=True))
    names = sorted(stored(url))
    assert len([name for name in names if name.startswith("src/")]) == 20
    assert len([name for name in names if name.startswith("claims/")]) == 20
    assert len(names) == 60


def test_a_store_that_overwrites_is_no_landing(
    url: str, tmp_path: Path, object_server: ObjectServer
) -> None:
    object_server.deaf_to_conditions = True
    with pytest.raises(ConfigError, match="overwrites an object although it is asked not to"):
        ObjectLanding(url, tmp_path).claim("20260101T000000Z")


def test_changed_and_lost_objects_are_told(url: str, tmp_path: Path) -> None:
    landing = run(ObjectLanding(url, tmp_path / "a"))
    landed = landing.land(fetched(landing.work_dir, BODY, Media.ZIP))
    bucket, prefix = url.removeprefix("s3://").split("/", 1)
    intruder = S3Store(bucket, prefix=prefix)
    obstore.put(intruder, landed.kept.name, b"other")
    later = run(ObjectLanding(url, tmp_path / "a"))  # the same home, another process
    again = replace(landed, kept=later.kept("src", landed.sha256, Media.ZIP))
    with pytest.raises(Tampered, match=rf"{url}/src/.* is not what was landed"):
        check([again], "src/part@r1")
    obstore.delete(intruder, landed.kept.name)
    lost = run(ObjectLanding(url, tmp_path / "a")).kept("src", landed.sha256, Media.ZIP)
    with pytest.raises(Tampered, match="is gone"):
        check([replace(landed, kept=lost)], "src/part@r1")


def test_a_store_that_is_away(url: str, tmp_path: Path, object_server: ObjectServer) -> None:
    landing = run(ObjectLanding(url, tmp_path))
    reply = fetched(landing.work_dir, BODY)
    landing.log(reply, licence_id="L")
    object_server.stop()
    for attempt in (
        lambda: landing.land(reply),
        lambda: landing.close_log(),
        lambda: landing.store.names("vintages"),
        lambda: landing.store.claim("x"),
    ):
        with pytest.raises(StorageError, match="cannot be used") as caught:
            attempt()
        text = str(caught.value)
        assert url in text and "last published release stays in service" in text
        assert SECRET not in text and KEY_ID not in text
    assert list((tmp_path / "log").glob("r1.jsonl"))  # the log waits for the next night
    object_server.start()


def test_a_bucket_that_is_not_there(url: str, tmp_path: Path) -> None:
    wrong = url.replace("landing-", "absent-")
    with pytest.raises(ConfigError, match="no such bucket"):
        ObjectLanding(wrong, tmp_path).claim("x")
    with pytest.raises(ConfigError, match="no such bucket"):
        ObjectLanding(wrong, tmp_path).names("vintages")


def test_copies_of_processes_that_ended_are_removed(url: str, tmp_path: Path) -> None:
    first = run(ObjectLanding(url, tmp_path))
    first.land(fetched(first.work_dir, BODY))
    alive = first.store._copies()
    left = tmp_path / "bytes" / "left"
    (left / "src").mkdir(parents=True)
    other = ObjectLanding(url, tmp_path)
    assert other._copies() != alive and alive.exists() and not left.exists()
    del first
    assert not alive.exists()


@pytest.mark.parametrize(
    "address",
    [
        f"s3://{KEY_ID}:{SECRET}@bucket/prefix",
        f"s3://bucket/prefix?aws_secret_access_key={SECRET}",
        f"s3://bucket/prefix#{SECRET}",
    ],
)
def test_an_address_with_credentials_is_refused_and_not_repeated(
    address: str, cli: Cli, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLUSTERKPI_LANDING", address)
    code, text = cli("refresh", "--profile", "demo")
    assert code == 2 and "CLUSTERKPI_LANDING: " in text and "carries no credentials" in text
    assert SECRET not in text and KEY_ID not in text
    with pytest.raises(ValueError) as caught:
        Settings(landing=address)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("address", ["gs://bucket", "/srv/landing", "s3://", "s3://bucket//x"])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="CLUSTERKPI_LANDING"):
        load_settings(landing=address)


def test_endpoints_with_credentials_or_without_encryption_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://{KEY_ID}:{SECRET}@store.example")
    with pytest.raises(
        ConfigError, match="endpoint of the object store carries credentials"
    ) as caught:
        ObjectLanding("s3://bucket", tmp_path)
    assert SECRET not in str(caught.value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store.example")
    monkeypatch.delenv("AWS_ALLOW_HTTP", raising=False)
    with pytest.raises(ConfigError, match="AWS_ALLOW_HTTP"):
        ObjectLanding("s3://bucket", tmp_path)


def test_without_a_setting_it_is_the_folder_of_the_home(tmp_path: Path) -> None:
    assert open_landing(Settings(home=tmp_path)) == LocalLanding(tmp_path / "landing")


def test_a_folder_is_copied_into_the_store(url: str, tmp_path: Path) -> None:
    local = run(LocalLanding(tmp_path / "landing"))
    reply = fetched(local.work_dir, BODY)
    local.land(reply)
    local.log(reply, licence_id="L")
    local.close_log()
    local.store.record("vintages/official/src/v1.json", b"{}")
    local.store.note("r1", {"event": "run", "run_id": "r1"})
    target = ObjectLanding(url, tmp_path / "landing")
    assert copy_all(local.store, target) == (3, 0)
    assert copy_all(local.store, target) == (0, 3)
    assert target.events() == local.store.events()
    assert read_log(target).equals(read_log(local.store))
    for name in ("src", "vintages", "log"):
        assert target.names(name) == local.store.names(name)


def test_no_secret_is_in_any_file(url: str, tmp_path: Path) -> None:
    landing = run(ObjectLanding(url, tmp_path))
    reply = fetched(landing.work_dir, BODY)
    landing.land(reply)
    landing.log(reply, licence_id="L")
    landing.close_log()
    landing.store.claim("x")
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == SECRET
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    for body in (*files, *stored(url).values()):
        assert SECRET.encode() not in body and KEY_ID.encode() not in body
