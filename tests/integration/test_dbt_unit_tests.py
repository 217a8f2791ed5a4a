"""The examples worked by hand beside the SQL: they ask about the code, so they run here, not at night."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipelines import dbt
from pipelines.settings import Settings


def test_models_give_what_their_examples_worked_by_hand_say(
    demo_home: Path, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path)
    settings.build_dir.mkdir(parents=True)
    # dbt asks a built candidate for the types of the columns that an example leaves out
    shutil.copy(Settings(home=demo_home).build_dir / "candidate.duckdb", settings.build_dir)
    nodes = dbt.run(settings, "test", "--select", "test_type:unit")
    indicators = {path.stem for path in dbt.PROJECT_DIR.glob("models/marts/indicators/ind_*.sql")}
    tested = {node.unique_id.split(".")[2] for node in nodes}
    assert {node.status for node in nodes} == {"pass"}
    assert indicators - tested == set(), "indicators without an example worked by hand"


def test_a_night_leaves_them_out(demo_home: Path) -> None:
    results = Settings(home=demo_home).build_dir / "dbt_target" / "run_results.json"
    kinds = {node.unique_id.split(".")[0] for node in dbt.read_results(results)}
    assert kinds == {"model", "seed", "test"}
