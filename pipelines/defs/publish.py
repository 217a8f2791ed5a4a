"""The release as an asset: it depends on every published table, and on the gate's checks.

Belongs here: what Dagster shows of a release. Does not belong here: publishing (`warehouse`).
"""

from collections.abc import Sequence

import dagster as dg

from pipelines import steps, warehouse
from pipelines.defs.resources import NightResource

RELEASE = dg.AssetKey(["publish", "release"])


def release_asset(published: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The step that copies the candidate, journals the release and moves the symlink."""

    @dg.asset(
        key=RELEASE,
        deps=published,
        description="The published DuckDB file that readers open through current.duckdb.",
        group_name="publish",
        kinds={"duckdb"},
    )
    def release(context: dg.AssetExecutionContext, night: NightResource) -> dg.MaterializeResult:
        tonight = night.tonight
        done = steps.publish(tonight.run, tonight.need("plan"), tonight.need("gate"))
        home = tonight.run.settings.home
        return dg.MaterializeResult(
            metadata={
                "release_id": done.release_id,
                "file": dg.MetadataValue.path(warehouse.current_path(home)),
                "profile": done.profile,
                "is_synthetic": done.is_synthetic,
                "dagster/row_count": done.cells,
                "cells_added": done.added,
                "cells_changed": done.changed,
                "cells_dropped": done.dropped,
            }
        )

    return release
