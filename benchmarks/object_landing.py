"""What a landing in an object store costs a night, beside a landing in a folder.

    python benchmarks/object_landing.py            # the steps that touch the landing
    python benchmarks/object_landing.py --night    # and whole nights, from fetch to release

The store is moto's S3 server in a process of its own on loopback: what is measured is the work of
the client and the number of requests; a real store adds its own distance to each of them.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measure import Cost, cost
from pipelines import steps
from pipelines.settings import Settings


def serve(port: Any, counted: Any) -> None:
    """An S3-compatible server that counts its requests."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_: Any) -> None:
            with counted.get_lock():
                counted.value += 1

    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, request_handler=Quiet)
    port.put(server.server_port)
    server.serve_forever()


def ingest(home: Path, landing: str) -> int:
    """Fetch, land and promote every source of the demo; rows promoted tonight."""
    settings = Settings(home=home, profile="demo", landing=landing)
    with steps.open_run(settings, say=lambda _line: None) as run:
        for source in run.sources:
            steps.ingest_source(run, source)
    return sum(part.promoted for report in run.reports.values() for part in report.parts)


def night(home: Path, landing: str) -> tuple[int, float]:
    """A whole night of the demo; cells published, and CPU seconds of dbt's process."""
    settings = Settings(home=home, profile="demo", landing=landing)
    report = steps.refresh(settings, say=lambda _line: None)
    assert report.release is not None
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return report.release.cells, used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--night", action="store_true", help="whole nights as well")
    given = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    port, counted = spawn.Queue(), spawn.Value("i", 0)
    server = spawn.Process(target=serve, args=(port, counted), daemon=True)
    server.start()
    endpoint = f"http://127.0.0.1:{port.get(timeout=60)}"
    os.environ.update(
        AWS_ENDPOINT_URL=endpoint,
        AWS_ALLOW_HTTP="true",
        AWS_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="benchmark",
        AWS_SECRET_ACCESS_KEY="benchmark",
    )
    for bucket in ("steps", "night"):
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{bucket}", method="PUT"))
    try:
        with tempfile.TemporaryDirectory() as scratch:
            _steps(Path(scratch), counted)
            if given.night:
                folder = _whole(cost(night, Path(scratch) / "night_folder", ""))
                before = counted.value
                store = _whole(cost(night, Path(scratch) / "night_store", "s3://night"))
                assert folder.result == store.result, "other figures than from a folder"
                _line("a whole night", folder, store, counted.value - before)
    finally:
        server.terminate()


def _steps(scratch: Path, counted: Any) -> None:
    print("step, rows promoted: CPU and wall seconds with a folder, with a store, ratios, requests")
    for name in ("first", "again"):
        folder = cost(ingest, scratch / "folder", "")
        before = counted.value
        store = cost(ingest, scratch / "store", "s3://steps/landing")
        assert folder.result == store.result
        asked = counted.value - before
        _line(f"ingest, {name}, {store.result:,} rows", folder, store, asked)
        if name == "first":
            first = folder
    before = counted.value
    second = cost(ingest, scratch / "second", "s3://steps/landing")
    _line(f"a second home, {second.result:,} rows", first, second, counted.value - before)


def _whole(found: Cost) -> Cost:
    cells, of_dbt = found.result
    return replace(found, cpu_seconds=found.cpu_seconds + of_dbt, result=cells)


def _line(name: str, folder: Cost, store: Cost, requests: int) -> None:
    cpu = store.cpu_seconds / folder.cpu_seconds
    wall = store.wall_seconds / folder.wall_seconds
    print(
        f"{name}: {folder.cpu_seconds:.1f} / {folder.wall_seconds:.1f} s, "
        f"{store.cpu_seconds:.1f} / {store.wall_seconds:.1f} s, {cpu:.2f} / {wall:.2f}, {requests}",
        flush=True,
    )


if __name__ == "__main__":
    main()
