"""Dagster's graph is the one meant, and its nights are the command line's nights.

The graph is compared with `tests/fixtures/dagster_graph.json`. After a change that is meant, write
it anew and read the difference before committing it:

    UPDATE_GOLDEN=1 .venv/bin/python -m pytest -n0 tests/integration -k golden
"""

import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import httpx2 as httpx
import pytest
import yaml

from pipelines import dbt, steps, warehouse
from pipelines.defs import ingest, schedules
from pipelines.defs.home import prepare_dagster_home
from pipelines.demo import DemoTransport
from pipelines.errors import BuildFailed
from pipelines.http.classify import Outcome
from pipelines.ingest import PartReport, SourceReport, Step
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from pipelines.sources.base import discover, select
from pipelines.storage import exclusive
from tests.comparing import differing_tables

GOLDEN = PROJECT_ROOT / "tests" / "fixtures" / "dagster_graph.json"
DOWNSTREAM = ("dbt_build", "gate", "publish__release")
# the older vintage misses the newest year, which the promotion gate would hold back
CHANGED_FIGURES = {"demo_vintage": "1", "max_row_change_share": "1"}


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    """The definitions, loaded as `dagster dev` loads them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLUSTERKPI_HOME", str(tmp_path_factory.mktemp("definitions")))
        from pipelines.definitions import definitions

        return definitions()


@dataclass
class Night:
    """One run of the nightly job."""

    home: Path
    result: Any
    told: list[dict[str, Any]]

    def steps(self, kind: str) -> set[str]:
        return {
            event.step_key for event in self.result.all_events if event.event_type_value == kind
        }

    @property
    def materialized(self) -> set[dg.AssetKey]:
        return {event.asset_key for event in self._events("ASSET_MATERIALIZATION")}

    @property
    def observed(self) -> set[dg.AssetKey]:
        return {event.asset_key for event in self._events("ASSET_OBSERVATION")}

    @property
    def serving(self) -> str:
        return warehouse.current_path(self.home).name

    def _events(self, kind: str) -> list[Any]:
        return [e for e in self.result.all_events if e.event_type_value == kind]


def run_nightly(defs: dg.Definitions, home: Path, patch: pytest.MonkeyPatch, **env: str) -> Night:
    """The nightly job, in this process; a command collects what the failure hook tells."""
    told = home.parent / f"{home.name}_told.jsonl"
    told.unlink(missing_ok=True)
    script = f"import sys; open({str(told)!r}, 'a').write(sys.stdin.read() + chr(10))"
    patch.setenv("CLUSTERKPI_HOME", str(home))
    patch.setenv("CLUSTERKPI_PROFILE", "demo")
    patch.setenv("CLUSTERKPI_RETRY_WAIT_MAX_SECONDS", "0")
    patch.setenv("CLUSTERKPI_RETRY_WAIT_INITIAL_SECONDS", "0")
    patch.setenv("CLUSTERKPI_FAILURE_COMMAND", f'{sys.executable} -c "{script}"')
    for name, value in env.items():
        patch.setenv(f"CLUSTERKPI_{name.upper()}", value)
    job = defs.resolve_job_def(schedules.NIGHTLY)
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
    lines = told.read_text().splitlines() if told.exists() else []
    return Night(home, result, [json.loads(line) for line in lines])


@pytest.fixture(scope="module")
def first_night(defs: dg.Definitions, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The nightly job on an empty home. Read it; for another night take `second_home`."""
    with pytest.MonkeyPatch.context() as patch:
        return run_nightly(defs, tmp_path_factory.mktemp("dagster") / "home", patch)


@pytest.fixture
def second_home(first_night: Night, tmp_path: Path) -> Path:
    """A state directory of one's own, as the first night left it."""
    home = tmp_path / "second"
    shutil.copytree(first_night.home, home, symlinks=True)
    return home


# ---------------------------------------------------------------- graph


def graph(defs: dg.Definitions) -> dict[str, Any]:
    """Keys, edges, checks, jobs and schedules; dbt's own tests are left to dbt."""
    layer = defs.resolve_asset_graph()
    job = defs.resolve_job_def(schedules.NIGHTLY)
    schedule = defs.resolve_schedule_def("every_night")

    def describe(key: dg.AssetKey) -> dict[str, Any]:
        node = layer.get(key)
        policy = node.freshness_policy
        how = "materialized" if node.is_materializable else "observed"
        return {
            "step": node.assets_def.node_def.name if node.is_executable else None,
            "how": how if node.is_executable else "external",
            "group": node.group_name,
            "depends_on": sorted(parent.to_user_string() for parent in node.parent_keys),
            "fails_after_days": policy.fail_window.to_timedelta().days if policy else None,
        }

    def describe_check(key: dg.AssetCheckKey) -> dict[str, Any]:
        return {
            "step": layer.assets_def_for_key(key).node_def.name,
            "blocking": layer.get_check_spec(key).blocking,
        }

    checks = {
        f"{key.asset_key.to_user_string()}:{key.name}": describe_check(key)
        for key in layer.asset_check_keys
    }
    return {
        "assets": {
            key.to_user_string(): describe(key) for key in sorted(layer.get_all_asset_keys())
        },
        "checks": {
            name: about for name, about in sorted(checks.items()) if about["step"] != "dbt_build"
        },
        "jobs": {
            schedules.NIGHTLY: {
                "steps": sorted(node.name for node in job.graph.nodes),
                "executor": job.executor_def.name,
                "hooks": sorted(hook.name for hook in job.hook_defs),
            }
        },
        "schedules": {
            schedule.name: {
                "job": schedule.job_name,
                "cron": schedule.cron_schedule,
                "timezone": schedule.execution_timezone,
                "default_status": schedule.default_status.value,
            }
        },
    }


def test_graph_is_the_golden_one(defs: dg.Definitions) -> None:
    found = graph(defs)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n")
    expected = json.loads(GOLDEN.read_text())
    for part in expected:
        assert found[part] == expected[part], f"{part} differ; see the top of {Path(__file__).name}"
    assert found.keys() == expected.keys()


def test_every_edge_has_two_ends(defs: dg.Definitions) -> None:
    """A mis-keyed dependency leaves a key that nothing makes; the run would be green."""
    layer = defs.resolve_asset_graph()
    keys = layer.get_all_asset_keys()
    nowhere = [key.to_user_string() for key in keys if not layer.get(key).is_executable]
    assert nowhere == [], "keys that something depends on and nothing makes"
    for source in discover().values():
        read_by = {
            child for key in ingest.raw_keys([source]) for child in layer.get(key).child_keys
        }
        assert "staging" in {child.path[0] for child in read_by}, f"nothing stages {source.id}"


def test_release_waits_for_every_published_table_and_blocking_check(defs: dg.Definitions) -> None:
    layer = defs.resolve_asset_graph()
    built = {key for key in layer.get_all_asset_keys() if key.path[0] in ("marts", "reference")}
    release = layer.get(dg.AssetKey(["publish", "release"]))
    assert built <= release.parent_keys
    fact = dg.AssetKey(["marts", "fct_indicator_value"])
    gates = {
        key.name: layer.get_check_spec(key).blocking
        for key in layer.get(fact).check_keys
        if layer.assets_def_for_key(key).node_def.name == "gate"
    }
    assert {"completeness", "contract"} < gates.keys()
    assert all(gates.values()), f"not blocking: {[n for n, b in gates.items() if not b]}"


def test_schedule_follows_the_settings() -> None:
    settings = load_settings(schedule_cron="5 4 * * *", schedule_timezone="Asia/Singapore")
    schedule = schedules.nightly_schedule(settings, schedules.nightly_job([]))
    assert schedule.cron_schedule == "5 4 * * *"
    assert schedule.execution_timezone == "Asia/Singapore"
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


# ---------------------------------------------------------------- nights


def test_first_night_publishes(defs: dg.Definitions, first_night: Night) -> None:
    assert first_night.result.success, first_night.told
    layer = defs.resolve_asset_graph()
    made = {key for key in layer.get_all_asset_keys() if layer.get(key).is_materializable}
    raw = set(ingest.raw_keys(discover().values()))
    # a home without files of one's own has no parts of such sources
    settings = Settings(home=first_night.home)
    sources = [s for s in select((), settings).values() if s.parts(settings)]
    read = set(ingest.raw_keys(sources))
    assert first_night.materialized == made | read
    assert first_night.observed == raw
    assert first_night.told == []
    assert len(warehouse.releases(first_night.home)) == 1


def test_raw_events_account_for_every_row(first_night: Night) -> None:
    with warehouse.open_published(first_night.home) as con:
        rows = con.sql(
            "select source_id, sum(rows_landed), sum(rows_promoted), sum(rows_quarantined) "
            "from meta.source_snapshot group by 1 order by 1"
        ).fetchall()
    found: dict[str, list[int]] = {}
    for event in first_night.result.all_events:
        if event.event_type_value == "ASSET_MATERIALIZATION" and event.asset_key.path[0] == "raw":
            told = event.materialization.metadata
            counts = found.setdefault(event.asset_key.path[1], [0, 0, 0])
            for place, name in enumerate(("rows_landed", "rows_promoted", "rows_quarantined")):
                counts[place] += told[name].value
    assert found == {source: [int(n) for n in counts] for source, *counts in rows}


def test_release_equals_the_command_lines(first_night: Night, demo_home: Path) -> None:
    ours, theirs = (warehouse.current_path(home) for home in (first_night.home, demo_home))
    assert differing_tables(ours, theirs) == {}


def test_second_night_finds_nothing_new(
    defs: dg.Definitions, second_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = warehouse.current_path(second_home).name
    night = run_nightly(defs, second_home, monkeypatch)
    assert night.result.success, night.told
    assert night.materialized == set()
    assert night.observed == set(ingest.raw_keys(discover().values()))
    assert night.steps("STEP_SKIPPED") == set(DOWNSTREAM)
    assert (night.serving, len(warehouse.releases(second_home))) == (before, 1)
    assert night.told == []


def test_critical_gate_failure_keeps_the_old_release(
    defs: dg.Definitions, second_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = warehouse.current_path(second_home).name
    impossible = impossible_suite(monkeypatch)
    monkeypatch.setattr(dbt, "build", last_nights_models)
    night = run_nightly(defs, second_home, monkeypatch, **CHANGED_FIGURES)
    assert not night.result.success
    assert night.steps("STEP_FAILURE") == {"gate"}
    assert "publish__release" not in night.steps("STEP_START")
    assert dg.AssetKey(["publish", "release"]) not in night.materialized
    assert night.serving == before and len(warehouse.releases(second_home)) == 1
    failed = {
        check.check_name
        for check in night.result.get_asset_check_evaluations()
        if not check.passed and check.severity is dg.AssetCheckSeverity.ERROR
    }
    assert failed == {impossible}
    assert [told["step"] for told in night.told] == ["gate"]
    assert "held this night back" in night.told[0]["message"]
    assert night.told[0]["exit_code"] == 1


def impossible_suite(patch: pytest.MonkeyPatch) -> str:
    """Make one suite ask for an empty table; returns the name of its check in Dagster."""
    from expectations import suites
    from expectations.model import Check

    chosen = next(s for s in suites.SUITES if s.subject == "marts.dim_geo")
    check = Check(
        name="is_empty",
        title="nothing there",
        type="ExpectTableRowCountToBeBetween",
        kwargs={"max_value": 0},
        severity="critical",
        expected="no row",
        columns=(),
    )
    changed = dataclasses.replace(chosen, checks=(check,))
    patch.setattr(suites, "SUITES", tuple(changed if s is chosen else s for s in suites.SUITES))
    return f"gx_{chosen.name.replace('.', '_')}"


def last_nights_models(settings: Settings, *_: str) -> list[dbt.NodeResult]:
    """Stands in for a minute of dbt: what is in service, copied into the candidate."""
    release = warehouse.current_path(settings.home)
    with warehouse.open_candidate(settings) as con:
        con.execute(f"attach '{release}' as release (read_only)")
        con.execute("create schema marts; create schema if not exists reference")
        for schema, table in con.sql(
            "select schema_name, table_name from duckdb_tables() where database_name = 'release' "
            "and (schema_name in ('marts', 'reference') or table_name = 'coverage')"
        ).fetchall():
            con.execute(
                f"create table if not exists {schema}.{table} as from release.{schema}.{table}"
            )
    return dbt.read_results(settings.build_dir / "dbt_target" / "run_results.json")


def test_build_failure_materializes_nothing_and_is_told(
    defs: dg.Definitions, second_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> list[dbt.NodeResult]:
        raise BuildFailed("dbt did not build the candidate: model x")

    before = warehouse.current_path(second_home).name
    monkeypatch.setattr(dbt, "run", broken)
    night = run_nightly(defs, second_home, monkeypatch, **CHANGED_FIGURES)
    assert not night.result.success
    assert night.steps("STEP_FAILURE") == {"dbt_build"}
    assert {key.path[0] for key in night.materialized} == {"raw", "meta", "reference"}
    assert night.serving == before
    assert [told["message"] for told in night.told] == ["dbt did not build the candidate: model x"]


def test_source_that_does_not_arrive_turns_the_run_red_and_blocks_nothing(
    defs: dg.Definitions, second_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = DemoTransport.handle_request

    def without_cepii(self: DemoTransport, request: httpx.Request) -> httpx.Response:
        if request.url.host == "www.cepii.fr":
            return httpx.Response(404, request=request)
        return answer(self, request)

    monkeypatch.setattr(DemoTransport, "handle_request", without_cepii)
    night = run_nightly(defs, second_home, monkeypatch)
    assert not night.result.success
    assert night.steps("STEP_FAILURE") == {"check_baci"}
    assert "candidate" in night.steps("STEP_SUCCESS"), "the other sources go on"
    assert [told["step"] for told in night.told] == ["check_baci"]
    assert "www.cepii.fr" in night.told[0]["message"]


def test_run_that_cannot_begin_is_told(
    defs: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "taken"
    with exclusive(home):
        night = run_nightly(defs, home, monkeypatch)
    assert not night.result.success
    assert night.steps("STEP_START") - {None} == set()
    assert len(night.told) == 1
    assert "another refresh is running" in night.told[0]["message"]
    assert night.told[0]["exit_code"] == 2


# ---------------------------------------------------------------- parts


def report(*parts: tuple[Step, Outcome | None]) -> SourceReport:
    found = SourceReport("wdi")
    found.parts = [PartReport("wdi", f"P{n}", step, "", out) for n, (step, out) in enumerate(parts)]
    return found


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(Step.FAILED, Outcome.TRANSIENT), (Step.FAILED, Outcome.TRANSIENT)], True),
        ([(Step.UNCHANGED, Outcome.OK), (Step.FAILED, Outcome.TRANSIENT)], True),
        ([(Step.PROMOTED, Outcome.OK), (Step.FAILED, Outcome.TRANSIENT)], False),
        ([(Step.FAILED, Outcome.TRANSIENT), (Step.FAILED, Outcome.SCHEMA_DRIFT)], False),
        ([(Step.FAILED, Outcome.GONE)], False),
        ([(Step.PARKED, Outcome.QUOTA_EXHAUSTED)], False),
        ([(Step.UNCHANGED, Outcome.OK)], False),
    ],
)
def test_only_a_publisher_out_of_reach_is_asked_again(parts: Any, expected: bool) -> None:
    assert ingest.worth_retrying(report(*parts)) is expected


def test_fetch_is_retried_and_then_the_night_goes_on(
    defs: dg.Definitions, second_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    original = steps.ingest_source

    def unreachable(run: steps.Run, source_id: str) -> SourceReport:
        asked.append(source_id)
        if source_id != "wdi":
            return original(run, source_id)
        run.reports[source_id] = report((Step.FAILED, Outcome.TRANSIENT))
        return run.reports[source_id]

    monkeypatch.setattr(steps, "ingest_source", unreachable)
    night = run_nightly(defs, second_home, monkeypatch)
    assert asked.count("wdi") == 1 + ingest.FETCH_RETRIES
    assert asked.count("baci") == 1
    assert night.steps("STEP_UP_FOR_RETRY") == {"ingest_wdi"}
    assert night.steps("STEP_FAILURE") == {"check_wdi"}
    assert "candidate" in night.steps("STEP_SUCCESS")


def test_dagster_home_has_the_projects_configuration(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    folder = prepare_dagster_home(settings)
    (folder / "dagster.yaml").write_text("telemetry: {enabled: true}\n")
    assert prepare_dagster_home(settings) == tmp_path / "dagster"
    config = yaml.safe_load((folder / "dagster.yaml").read_text())
    assert config["telemetry"] == {"enabled": False}
    assert "run_queue" not in config
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        assert instance.telemetry_enabled is False
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1


@pytest.fixture(autouse=True)
def _no_dagster_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No instance of the developer's machine takes part."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    yield
