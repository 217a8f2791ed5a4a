"""The errors that a person meets, and the exit code that each one ends with.

Belongs here: exception types whose message is shown as it is. Does not belong here: outcomes of a
single request (see `pipelines.http.classify`), which are data and not exceptions.
"""

from __future__ import annotations


class ClusterkpiError(Exception):
    """Base of all errors shown to a person. `exit_code` is what the command line ends with."""

    exit_code = 1


class ConfigError(ClusterkpiError):
    """Bad usage or configuration: nothing was attempted (exit code 2)."""

    exit_code = 2


class MetricInput(ConfigError, ValueError):
    """Figures that a formula is not defined for; names what and where (exit code 2)."""


class StorageError(ClusterkpiError):
    """The state directory cannot take what has to be written (disk full, no permission)."""


class SchemaDrift(ClusterkpiError):
    """A reply lacks a column or member that its contract requires."""


class Incomplete(ClusterkpiError):
    """A reply could not be proven complete; `outcome` is Torn, Truncated or Transient."""

    def __init__(self, outcome: str, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail


class BuildFailed(ClusterkpiError):
    """dbt did not build the candidate."""


class PublishFailed(ClusterkpiError):
    """The candidate could not be turned into a release that a reader can open."""
