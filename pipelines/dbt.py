"""Running dbt on the candidate, as a process of its own.

dbt keeps DuckDB's lock for as long as its process lives, and a writer shuts everybody else out;
therefore a subprocess. Telemetry is off, artefacts lie below the state directory so that two
homes do not share them.

Belongs here: the command line, its environment, and reading its results. Does not belong here:
SQL, and anything about Dagster.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import BuildFailed
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.storage import readable_os_errors

PROJECT_DIR = PROJECT_ROOT / "dbt_project"
METRICS_DIR = PROJECT_ROOT / "pipelines" / "metrics"


@dataclass(frozen=True)
class Project:
    """A checkout whose SQL and formulas build a candidate: this one, or one of the past."""

    root: Path

    @property
    def dbt_dir(self) -> Path:
        return self.root / "dbt_project"

    @property
    def environment(self) -> dict[str, str]:
        """Formulas in Python come from the same checkout as the SQL that calls them."""
        return {} if self.root == PROJECT_ROOT else {"PYTHONPATH": str(self.root)}


HERE = Project(PROJECT_ROOT)


@dataclass(frozen=True)
class NodeResult:
    """One line of dbt's run results."""

    unique_id: str
    status: str
    message: str
    failures: int | None
    seconds: float

    @property
    def is_test(self) -> bool:
        return self.unique_id.split(".")[0] in ("test", "unit_test")

    @property
    def failed(self) -> bool:
        return self.status in ("error", "fail", "runtime error")


def environment(settings: Settings) -> dict[str, str]:
    """Environment variables that the dbt project reads, and nothing that phones home."""
    return {
        "CLUSTERKPI_CANDIDATE": str(settings.build_dir / "candidate.duckdb"),
        "CLUSTERKPI_DBT_THREADS": str(settings.threads),
        "CLUSTERKPI_MEMORY_LIMIT": settings.memory_limit,
        "CLUSTERKPI_BOOTSTRAP_DRAWS": str(settings.bootstrap_draws),
        "CLUSTERKPI_TEMP_DIRECTORY": str(settings.build_dir / "spill"),
        "DBT_TARGET_PATH": str(settings.build_dir / "dbt_target"),
        "DBT_LOG_PATH": str(settings.build_dir / "dbt_logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def arguments(*words: str, project: Project = HERE) -> list[str]:
    """dbt's arguments after `dbt`, for a project."""
    folder = str(project.dbt_dir)
    return [*words, "--project-dir", folder, "--profiles-dir", folder]


def run(
    settings: Settings,
    *words: str,
    project: Project = HERE,
    program: Path | None = None,
    extra: Mapping[str, str] | None = None,
) -> list[NodeResult]:
    """Run dbt to its end.

    Args:
        settings: where the candidate lies.
        words: dbt's command and its arguments.
        project: checkout whose models are run.
        program: dbt of another environment; without it, of this one.
        extra: environment variables that go before those of `environment`.

    Returns:
        One result per node, empty for commands that run none.

    Raises:
        BuildFailed: names the failing models and tests with dbt's message and the log's path.
    """
    log = settings.build_dir / "dbt.log"
    variables = {**environment(settings), **project.environment, **(extra or {})}
    results = Path(variables["DBT_TARGET_PATH"]) / "run_results.json"
    with readable_os_errors(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        results.unlink(missing_ok=True)
        with log.open("wb") as sink:
            finished = subprocess.run(
                [
                    str(program or Path(sys.executable).with_name("dbt")),
                    "--no-use-colors",
                    *arguments(*words, project=project),
                ],
                env={**os.environ, **variables},
                stdout=sink,
                stderr=subprocess.STDOUT,
                check=False,
            )
    nodes = read_results(results)
    if finished.returncode != 0:
        broken = [node for node in nodes if node.failed]
        lines = [f"  {node.unique_id}: {' '.join(node.message.split())[:300]}" for node in broken]
        if not lines:
            lines = ["  " + line for line in log.read_text(errors="replace").splitlines()[-12:]]
        raise BuildFailed(
            "dbt did not build the candidate; the last published release stays in service.\n"
            + "\n".join(lines[:12])
            + f"\n  full log: {log}"
        )
    return nodes


def build(settings: Settings, *words: str, project: Project = HERE) -> list[NodeResult]:
    """Models, seeds and data tests. Unit tests ask about the code, which no night changes."""
    less = () if settings.unit_tests else ("--exclude-resource-type", "unit_test")
    return run(settings, "build", *words, *less, project=project)


def read_results(path: Path) -> list[NodeResult]:
    """The nodes in a run_results.json; [] where there is none."""
    if not path.exists():
        return []
    record: dict[str, Any] = json.loads(path.read_bytes())
    return [
        NodeResult(
            result["unique_id"],
            result["status"],
            result.get("message") or "",
            result.get("failures"),
            float(result.get("execution_time") or 0.0),
        )
        for result in record["results"]
    ]


def code_digest() -> str:
    """Hash of everything that can change a figure: dbt's project and the formulas in Python."""
    return hashlib.sha256("".join(digests()).encode()).hexdigest()


def digests() -> tuple[str, str]:
    """The two halves of `code_digest`: code (SQL, its YAML, formulas), and the lists (seeds)."""
    code, lists = hashlib.sha256(), hashlib.sha256()
    folders = [*(PROJECT_DIR / name for name in ("models", "macros", "seeds")), METRICS_DIR]
    for folder in folders:
        digest = lists if folder.name == "seeds" else code
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix in (".sql", ".yml", ".csv", ".py"):
                digest.update(str(path.relative_to(PROJECT_ROOT)).encode())
                digest.update(path.read_bytes())
    code.update((PROJECT_DIR / "dbt_project.yml").read_bytes())
    return code.hexdigest(), lists.hexdigest()
