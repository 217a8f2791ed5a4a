"""A night with nothing new asks little, reads nothing, and every source can be probed."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl

from pipelines import steps
from pipelines.landing import read_log
from pipelines.landing_store import LocalLanding
from pipelines.settings import Settings
from pipelines.sources.base import discover
from tests.conftest import Cli


def test_a_night_with_nothing_new_only_probes(demo_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo_home, home, symlinks=True)
    before = read_log(LocalLanding(home / "landing")).height
    report = steps.refresh(Settings(home=home, profile="demo"), say=lambda _line: None)
    assert report.release is None and report.exit_code == 0
    asked = read_log(LocalLanding(home / "landing")).sort("requested_at").tail(-before)
    live = Settings(profile="live")
    on = [name for name, source in discover().items() if not source.off(live)]
    ordinary = asked.filter(pl.col("source").is_in(on))
    assert 15 < ordinary.height <= 45  # the contract's estimate for an ordinary live night
    assert asked.height <= 60  # with the sources that only demo and replay read
    assert set(asked["outcome"]) <= {"ok", "not_modified", "not_yet_published"}
    probes = asked.filter(outcome="ok")  # signals; everything else sent no body
    assert set(probes["source"]) == {"eurostat", "oecd", "uis", "wdi"}
    assert probes["wire_bytes"].sum() < 20_000
    assert asked.filter(pl.col("outcome") == "not_modified")["entity_bytes"].sum() == 0


def test_doctor_reports_every_source(cli: Cli) -> None:
    code, text = cli("doctor", "--profile", "demo")
    assert code == 0
    found = {line.split()[0]: line.split()[1] for line in text.splitlines()}
    assert found.pop("landing").endswith("landing:")  # its folder, and what it is
    assert set(found) == set(discover())
    to_come = {name for name, came in found.items() if came == "not_yet_published"}
    off = {name for name, came in found.items() if came == "off"}
    assert off == {"cluster_definition", "comtrade", "concordance", "itu", "regions", "supplement"}
    assert to_come == {"acs", "bds"}
    found = {name: came for name, came in found.items() if name not in off}
    assert {came for name, came in found.items() if name not in to_come} == {"ok"}
