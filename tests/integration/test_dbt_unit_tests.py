"""The SQL's examples worked by hand: they ask about the code, and a night leaves them out."""

from __future__ import annotations

from pathlib import Path

from pipelines import dbt
from pipelines.settings import Settings


def test_every_indicator_gives_what_its_example_worked_by_hand_says(demo_home: Path) -> None:
    """`demo_home` was built with them; one that fails would have stopped it."""
    build_dir = Settings(home=demo_home).build_dir
    nodes = dbt.read_results(build_dir / "dbt_target" / "run_results.json")
    examples = [node for node in nodes if node.unique_id.startswith("unit_test.")]
    assert {node.status for node in examples} == {"pass"}
    tested = {node.unique_id.split(".")[2] for node in examples}
    indicators = {path.stem for path in dbt.PROJECT_DIR.glob("models/marts/indicators/ind_*.sql")}
    assert indicators - tested == set(), "indicators without an example"
