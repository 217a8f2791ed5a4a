"""The nightly job and when it runs.

Belongs here: job and schedule. Does not belong here: one run at a time, which is in
`deploy/dagster.yaml` and, whoever starts a run, in the lock of the state directory.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from pipelines.defs.resources import tell_somebody
from pipelines.settings import Settings

NIGHTLY = "nightly"


def nightly_job(assets: Sequence[dg.AssetsDefinition]) -> Any:
    """All sources, the candidate, the models, the gate and the release, in one process.

    Args:
        assets: all of them by name; "all assets" leaves out those that are observed.
    """
    return dg.define_asset_job(
        NIGHTLY,
        selection=dg.AssetSelection.assets(*assets),
        description="ask every source, then build, gate and publish where anything is new",
        hooks={tell_somebody},
        executor_def=dg.in_process_executor,
    )


def nightly_schedule(settings: Settings, job: Any) -> dg.ScheduleDefinition:
    """Every night, on unless somebody turns it off."""
    return dg.ScheduleDefinition(
        name="every_night",
        job=job,
        cron_schedule=settings.schedule_cron,
        execution_timezone=settings.schedule_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
