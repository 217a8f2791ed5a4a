"""The candidate and dbt's models as assets.

The candidate step decides whether there is anything to build. Where nothing is new it yields
nothing, and Dagster skips dbt, the gate and the release: skipped, not materialized.

Belongs here: asset keys, dbt's manifest for the graph, and running dbt with the command and
environment of `pipelines.dbt`. Does not belong here: SQL, what dbt's environment is.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

from pipelines import candidate, dbt, steps
from pipelines.defs.ingest import raw_key
from pipelines.defs.resources import NightResource
from pipelines.errors import BuildFailed
from pipelines.settings import Settings

# check_result is filled by the gate, after dbt.
CANDIDATE_TABLES = tuple(name for name in candidate.META if name != "check_result")
_KEPT_MANIFESTS = 3
_DERIVED = ("target", "logs", "dbt_packages")


def meta_key(table: str) -> dg.AssetKey:
    """Key of a table of schema meta."""
    return dg.AssetKey(["meta", table])


class Translator(DagsterDbtTranslator):
    """Names dbt's nodes; its sources are the raw and meta assets of this project."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] != "source":
            return super().get_asset_key(dbt_resource_props)
        table = dbt_resource_props["identifier"]
        if dbt_resource_props["schema"] == "raw":
            source_id, _, name = table.partition("__")
            return raw_key(source_id, name)
        return dg.AssetKey([dbt_resource_props["schema"], table])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        if dbt_resource_props["resource_type"] == "source":
            return super().get_group_name(dbt_resource_props)
        return str(dbt_resource_props["schema"])


def candidate_assets(raw: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The step that plans the release and prepares the candidate."""
    specs = [
        dg.AssetSpec(
            meta_key(table),
            deps=raw,
            description=candidate.META[table][0],
            group_name="meta",
            kinds={"python", "duckdb"},
            skippable=True,
        )
        for table in CANDIDATE_TABLES
    ]

    @dg.multi_asset(name="candidate", specs=specs)
    def prepare_candidate(
        context: dg.AssetExecutionContext, night: NightResource
    ) -> Iterator[dg.MaterializeResult]:
        tonight = night.tonight
        plan = steps.plan_release(tonight.run, force=night.force)
        context.log.info(plan.why)
        if not plan.needed:
            return
        steps.prepare_candidate(tonight.run, plan)
        tonight.plan = plan
        for table in CANDIDATE_TABLES:
            yield dg.MaterializeResult(
                asset_key=meta_key(table),
                metadata={"why": plan.why, "inputs_fingerprint": plan.fingerprint},
            )

    return prepare_candidate


def model_assets(manifest: Path) -> dg.AssetsDefinition:
    """Everything that `dbt build` builds, in one step."""

    @dbt_assets(manifest=manifest, dagster_dbt_translator=Translator(), name="dbt_build")
    def build_models(context: dg.AssetExecutionContext, night: NightResource) -> Iterator[Any]:
        tonight = night.tonight
        tonight.need("plan")
        settings = tonight.run.settings
        target = settings.build_dir / "dbt_target"
        results = target / "run_results.json"
        results.unlink(missing_ok=True)
        with dbt_environment(settings):
            invocation = dbt_cli().cli(
                dbt.arguments("build"), context=context, target_path=target, raise_on_error=False
            )
        yield from invocation.stream()
        nodes = dbt.read_results(results)
        if not invocation.is_successful():
            raise _build_failed(nodes, target / "dbt.log")
        tonight.nodes = nodes

    return build_models


def dbt_cli() -> DbtCliResource:
    """dbt of this interpreter's environment, as `pipelines.dbt.run` calls it."""
    return DbtCliResource(
        project_dir=str(dbt.PROJECT_DIR),
        profiles_dir=str(dbt.PROJECT_DIR),
        global_config_flags=["--no-use-colors"],
        dbt_executable=str(Path(sys.executable).with_name("dbt")),
    )


@contextmanager
def dbt_environment(settings: Settings) -> Iterator[None]:
    """dbt's variables in this process: the resource hands on its own environment, as it is."""
    before = os.environ.copy()
    os.environ.update(dbt.environment(settings))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def manifest_path(settings: Settings) -> Path:
    """dbt's manifest of the project as it stands, parsed if it was not parsed before.

    It lies in a folder named by the hash of the project, apart from the target folder of a build:
    loading definitions while a night runs must not touch that night's results.

    Raises:
        BuildFailed: dbt cannot parse the project.
    """
    root = settings.build_dir / "dbt_manifest"
    folder = root / _project_digest()[:16]
    manifest = folder / "manifest.json"
    if manifest.exists():
        return manifest
    scratch = root / f".parse-{os.getpid()}"
    scratch.mkdir(parents=True, exist_ok=True)
    words = [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", *dbt.arguments("parse")]
    target = {"DBT_TARGET_PATH": str(scratch), "DBT_LOG_PATH": str(scratch)}
    ended = subprocess.run(
        words,
        env={**os.environ, **dbt.environment(settings), **target},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        tail = "\n".join("  " + line for line in ended.stdout.splitlines()[-12:])
        raise BuildFailed(f"dbt cannot parse {dbt.PROJECT_DIR}:\n{tail}")
    if folder.exists():  # another process was faster, or one was killed between two files
        shutil.rmtree(scratch if manifest.exists() else folder)
    if scratch.exists():
        scratch.rename(folder)
    for old in sorted(root.glob("[0-9a-f]*"), key=lambda path: path.stat().st_mtime)[
        :-_KEPT_MANIFESTS
    ]:
        shutil.rmtree(old, ignore_errors=True)
    return manifest


def published_keys(manifest: Mapping[str, Any], schemas: Sequence[str]) -> list[dg.AssetKey]:
    """Keys of what a release holds: dbt's tables in the published schemas, and the meta tables."""
    translator = Translator()
    nodes = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed") and node["schema"] in schemas
    ]
    built = {translator.get_asset_key(node) for node in nodes}
    return sorted(built | {meta_key(table) for table in CANDIDATE_TABLES})


def _project_digest() -> str:
    """Hash of all that `dbt parse` reads; tests are part of it, other than of `code_digest`."""
    digest = hashlib.sha256(metadata.version("dbt-core").encode())
    for path in sorted(dbt.PROJECT_DIR.rglob("*")):
        name = path.relative_to(dbt.PROJECT_DIR)
        if path.suffix in (".sql", ".yml", ".py", ".csv", ".md") and name.parts[0] not in _DERIVED:
            digest.update(str(name).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _build_failed(nodes: list[dbt.NodeResult], log: Path) -> BuildFailed:
    broken = [node for node in nodes if node.failed]
    lines = [f"  {node.unique_id}: {' '.join(node.message.split())[:300]}" for node in broken]
    return BuildFailed(
        "dbt did not build the candidate; the last published release stays in service.\n"
        + "\n".join(lines[:12] or ["  no model was reached"])
        + f"\n  full log: {log}"
    )
