"""The candidate and dbt's models as assets.

The candidate step decides whether there is anything to build. Where nothing is new it yields
nothing, and Dagster skips dbt, the gate and the release: skipped, not materialized.

Belongs here: asset keys, dbt's manifest for the graph, dbt's results as events. Does not belong
here: SQL, how dbt is called (`pipelines.dbt`).
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets

from pipelines import candidate, dbt, steps
from pipelines.defs.ingest import raw_key
from pipelines.defs.resources import NightResource
from pipelines.errors import BuildFailed
from pipelines.settings import Settings
from pipelines.storage import readable_os_errors

CANDIDATE_TABLES = tuple(
    (schema, table)
    for schema, tables in candidate.SCHEMAS.items()
    for table in tables
    if schema != "meta" or table not in candidate.FILLED_LATER
)
_UNIQUE_ID = "dagster_dbt/unique_id"
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

    def get_asset_spec(self, manifest: Any, unique_id: str, project: Any) -> dg.AssetSpec:
        """A model that reads raw tables reads them in the candidate, so that it comes after it."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        keys = {dep.asset_key for dep in spec.deps}
        if any(key.path[0] == "raw" for key in keys):
            return spec.replace_attributes(deps=keys | {meta_key("source_snapshot")})
        return spec

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        if dbt_resource_props["resource_type"] == "source":
            return super().get_group_name(dbt_resource_props)
        return str(dbt_resource_props["schema"])


def candidate_assets(raw: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The step that plans the release and prepares the candidate."""
    specs = [
        dg.AssetSpec(
            dg.AssetKey([schema, table]),
            deps=raw,
            description=candidate.SCHEMAS[schema][table][0],
            group_name=schema,
            kinds={"python", "duckdb"},
            skippable=True,
        )
        for schema, table in CANDIDATE_TABLES
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
        for schema, table in CANDIDATE_TABLES:
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey([schema, table]),
                metadata={"why": plan.why, "inputs_fingerprint": plan.fingerprint},
            )

    return prepare_candidate


def model_assets(manifest: Path) -> dg.AssetsDefinition:
    """Everything that `dbt build` builds, in one step, by the function that the CLI calls.

    Not through DbtCliResource: it asks a package index for newer versions on every invocation,
    loads dbt's adapter into this process, and takes nine seconds for the two (dagster-dbt 0.29).
    """

    @dbt_assets(manifest=manifest, dagster_dbt_translator=Translator(), name="dbt_build")
    def build_models(context: dg.AssetExecutionContext, night: NightResource) -> Iterator[Any]:
        tonight = night.tonight
        tonight.need("plan")
        settings = tonight.run.settings
        try:
            nodes = steps.build_models(settings)
        except BuildFailed:
            # which test failed is worth seeing; a candidate that is thrown away is no material
            nodes = dbt.read_results(settings.build_dir / "dbt_target" / "run_results.json")
            yield from (
                event for event in events(context, nodes) if isinstance(event, dg.AssetCheckResult)
            )
            raise
        tonight.nodes = nodes
        tests = sum(node.is_test for node in nodes)
        context.log.info(f"{len(nodes) - tests} models and seeds, {tests} tests passed")
        yield from events(context, nodes)

    return build_models


def events(
    context: dg.AssetExecutionContext, nodes: Sequence[dbt.NodeResult]
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """dbt's results as Dagster's. Tests of no single table stay in meta.check_result alone."""
    models = {
        spec.metadata[_UNIQUE_ID]: spec.key
        for spec in context.assets_def.specs
        if spec.key in context.selected_asset_keys
    }
    checks = {
        spec.metadata[_UNIQUE_ID]: spec.key
        for spec in context.assets_def.check_specs
        if spec.key in context.selected_asset_check_keys
    }
    for node in nodes:
        told = {"seconds": node.seconds, "dbt_status": node.status, "message": node.message}
        if node.unique_id in models and node.status == "success":
            yield dg.MaterializeResult(asset_key=models[node.unique_id], metadata=told)
        elif node.unique_id in checks and node.status in ("pass", "warn", "fail", "error"):
            key = checks[node.unique_id]
            warned = node.status == "warn"
            yield dg.AssetCheckResult(
                asset_key=key.asset_key,
                check_name=key.name,
                passed=node.status == "pass",
                severity=dg.AssetCheckSeverity.WARN if warned else dg.AssetCheckSeverity.ERROR,
                metadata={**told, "rows_failed": node.failures or 0},
            )


def manifest_path(settings: Settings) -> Path:
    """dbt's manifest of the project as it stands, parsed if it was not parsed before.

    It is named by the hash of the project and lies apart from the target folder of a build:
    loading definitions while a night runs must not touch that night's results.

    Raises:
        BuildFailed: dbt cannot parse the project.
    """
    root = settings.build_dir / "dbt_manifest"
    manifest = root / f"{_project_digest()[:16]}.json"
    if manifest.exists():
        return manifest
    with readable_os_errors(root):
        root.mkdir(parents=True, exist_ok=True)
    words = [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", *dbt.arguments("parse")]
    with tempfile.TemporaryDirectory(prefix=".parse-", dir=root) as scratch:
        target = {"DBT_TARGET_PATH": scratch, "DBT_LOG_PATH": scratch}
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
        (Path(scratch) / "manifest.json").replace(manifest)
    by_age = sorted(root.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for old in by_age[:-_KEPT_MANIFESTS]:
        old.unlink(missing_ok=True)
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
    return sorted(built | {dg.AssetKey([schema, table]) for schema, table in CANDIDATE_TABLES})


def _project_digest() -> str:
    """Hash of all that `dbt parse` reads; tests are part of it, other than of `code_digest`."""
    digest = hashlib.sha256(metadata.version("dbt-core").encode())
    for path in sorted(dbt.PROJECT_DIR.rglob("*")):
        name = path.relative_to(dbt.PROJECT_DIR)
        if path.suffix in (".sql", ".yml", ".py", ".csv", ".md") and name.parts[0] not in _DERIVED:
            digest.update(str(name).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
