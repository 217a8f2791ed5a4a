"""The folder in which Dagster keeps runs, logs and ticks: `dagster/` in the state directory.

`python -m pipelines.defs.home` makes it ready and prints its path, for DAGSTER_HOME.

Belongs here: that folder. Does not belong here: what is configured (`deploy/dagster.yaml`).
"""

import sys
from pathlib import Path

from pipelines.errors import ClusterkpiError
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from pipelines.storage import write_atomic

INSTANCE_CONFIG = PROJECT_ROOT / "deploy" / "dagster.yaml"


def prepare_dagster_home(settings: Settings) -> Path:
    """Put the project's instance configuration into the Dagster folder of this home.

    The copy is refreshed at every start: `deploy/dagster.yaml` is the place to change it.
    """
    folder = settings.home / "dagster"
    wanted = INSTANCE_CONFIG.read_bytes()
    target = folder / "dagster.yaml"
    if not target.exists() or target.read_bytes() != wanted:
        write_atomic(target, wanted)
    return folder


def main() -> int:
    try:
        sys.stdout.write(f"{prepare_dagster_home(load_settings())}\n")
    except ClusterkpiError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
