"""Dagster's single entry: `dagster dev -m pipelines.definitions`.

Belongs here: putting the parts of `pipelines.defs` together. Does not belong here: any asset,
any step. Nothing outside this module and `pipelines.defs` imports Dagster.
"""

import json

import dagster as dg
from dagster_dbt import get_asset_key_for_model

from pipelines.defs import ingest, publish, quality, resources, schedules, transform
from pipelines.settings import load_settings
from pipelines.sources.base import discover
from pipelines.warehouse import PUBLISHED_SCHEMAS

FACT = "fct_indicator_value"


@dg.definitions
def definitions() -> dg.Definitions:
    """Everything that Dagster knows of this project."""
    settings = load_settings()
    sources = list(discover().values())
    manifest = transform.manifest_path(settings)
    models = transform.model_assets(manifest)
    fact = get_asset_key_for_model([models], FACT)
    published = transform.published_keys(json.loads(manifest.read_bytes()), PUBLISHED_SCHEMAS)
    assets = [
        *(ingest.source_assets(source) for source in sources),
        transform.candidate_assets(ingest.raw_keys(sources)),
        models,
        publish.release_asset(published),
    ]
    job = schedules.nightly_job(assets)
    return dg.Definitions(
        assets=assets,
        asset_checks=[
            *(ingest.source_check(source) for source in sources),
            quality.gate_checks(fact, published),
        ],
        jobs=[job],
        schedules=[schedules.nightly_schedule(settings, job)],
        resources={resources.NIGHT: resources.NightResource()},
        executor=dg.in_process_executor,
    )
