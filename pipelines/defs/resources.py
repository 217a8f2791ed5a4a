"""The one resource: tonight's run, opened once and shared by all steps.

Belongs here: the life of a run inside Dagster, and telling somebody when it cannot begin or a
step fails. Does not belong here: any step.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from pipelines import steps
from pipelines.alert import notify
from pipelines.dbt import NodeResult
from pipelines.settings import Settings, load_settings

NIGHT = "night"


@dataclass
class Tonight:
    """What the steps of one run hand to each other."""

    run: steps.Run
    plan: steps.ReleasePlan | None = None
    nodes: list[NodeResult] | None = None
    gate: steps.GateReport | None = None

    def need(self, name: str) -> Any:
        """What an earlier step of the same run left.

        Raises:
            dg.Failure: that step is not part of this run. A candidate of another night says
                nothing about this one, so that a part of the chain cannot be run alone.
        """
        value = getattr(self, name)
        if value is None:
            raise dg.Failure(
                f"no {name} in this run: candidate, models, gate and release belong to one night. "
                "Launch the job `nightly` instead of single assets.",
                allow_retries=False,
            )
        return value


class NightResource(dg.ConfigurableResource):
    """Locks the state directory and opens the profile for the length of one run."""

    force: bool = False
    _tonight: Tonight | None = PrivateAttr(default=None)

    @property
    def tonight(self) -> Tonight:
        if self._tonight is None:
            raise RuntimeError("the night is open inside a run only")
        return self._tonight

    @property
    def run(self) -> steps.Run:
        return self.tonight.run

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["NightResource"]:
        """Open the run; hooks do not see a resource that fails here, hence the notification."""
        settings = load_settings()
        say = context.log.info if context.log else print
        with ExitStack() as stack:
            try:
                run = stack.enter_context(steps.open_run(settings, force=self.force, say=say))
            except Exception as error:
                notify(settings, failure(settings, error, "open the night"))
                raise
            self._tonight = Tonight(run)
            try:
                yield self
            finally:
                self._tonight = None


@dg.failure_hook(name="tell_somebody", required_resource_keys={NIGHT})
def tell_somebody(context: dg.HookContext) -> None:
    """Runs when a step failed for good: the command and the webhook of the settings are told."""
    settings = context.resources.night.run.settings
    error = context.op_exception or RuntimeError("the step failed without an exception")
    notify(settings, failure(settings, error, context.step_key, context.run_id))


def failure(
    settings: Settings, error: BaseException, step: str, run_id: str | None = None
) -> dict[str, Any]:
    """The payload of a notification; the same words as the command line's, and where to look."""
    return {
        "exit_code": getattr(error, "exit_code", 1),
        "message": str(error),
        "profile": settings.profile,
        "step": step,
        "dagster_run_id": run_id,
    }
