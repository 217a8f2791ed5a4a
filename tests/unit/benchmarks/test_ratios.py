"""Fits, ratios and the check of the benchmark suite, on figures made by hand; nothing is timed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import __main__ as suite
from benchmarks import ratios
from benchmarks.chart import log_log
from benchmarks.night_stages import grouped
from benchmarks.ratios import YARDSTICK


def spent(cpu: float, peak: int = 100) -> dict[str, Any]:
    return {
        "wall_seconds": cpu,
        "cpu_seconds": cpu,
        "peak_bytes": peak,
        "read_bytes": 0,
        "written_bytes": 0,
        "result": None,
    }


def night(unit: float, **stages: float) -> dict[str, Any]:
    return {YARDSTICK: spent(unit), **{name: spent(cpu) for name, cpu in stages.items()}}


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 1.39, 2.0])
def test_the_slope_of_a_power_is_its_exponent(exponent: float) -> None:
    sizes = [1, 2, 4, 8]
    found = ratios.slope(sizes, [3 * size**exponent for size in sizes])
    assert found == pytest.approx(exponent, abs=1e-12)


def test_a_slope_needs_two_sizes_with_a_cost() -> None:
    assert ratios.slope([2], [5.0]) is None
    assert ratios.slope([1, 2], [0.0, 5.0]) is None
    with pytest.raises(ValueError, match="do not fit"):
        ratios.slope([1, 2], [5.0])
    with pytest.raises(ValueError, match="do not fit"):
        ratios.slope([0, 2], [5.0, 5.0])


def test_a_fit_lies_between_its_points() -> None:
    # log2 of the costs: 0, 1, 3 at log2 of the sizes 0, 1, 2; least squares by hand: 3 / 2
    assert ratios.slope([1, 2, 4], [1, 2, 8]) == pytest.approx(1.5)


def test_ratios_count_in_yardsticks_and_growth_from_the_smallest_size() -> None:
    found = ratios.ratios({1: night(2.0, gate=4.0), 2: night(4.0, gate=12.0)})
    assert found[1]["gate"] == {"cost": 2.0, "memory": 1.0}
    assert found[2]["gate"] == {"cost": 3.0, "memory": 1.0, "growth": 3.0}


def test_a_machine_of_half_the_speed_is_no_regression() -> None:
    quick = {1: night(1.0, gate=4.0, publish=7.0), 2: night(1.0, gate=8.0, publish=14.0)}
    slow = {1: night(2.0, gate=8.0, publish=14.0), 2: night(2.0, gate=16.0, publish=28.0)}
    assert ratios.compare(quick, slow) == []


def test_what_is_beyond_tolerance_names_stage_size_and_both_ratios() -> None:
    before = {1: night(1.0, gate=4.0, publish=7.0), 2: night(1.0, gate=8.0, publish=14.0)}
    after = {1: night(1.0, gate=4.0, publish=7.0), 2: night(1.0, gate=8.0, publish=28.0)}
    found = ratios.compare(before, after)
    assert {(one.stage, one.size, one.kind) for one in found} == {
        ("publish", 2, "cost"),
        ("publish", 2, "growth"),
    }
    assert "publish at ×2: growth 4.00, baseline 2.00: 2.00 times, allowed 1.4" in map(str, found)


def test_memory_is_compared_and_an_idle_stage_is_not() -> None:
    before = {1: {**night(1.0, idle=0.01), "gate": spent(1.0, 100)}}
    after = {1: {**night(1.0, idle=0.09), "gate": spent(1.0, 200)}}
    assert [(one.stage, one.kind) for one in ratios.compare(before, after)] == [("gate", "memory")]


def test_a_stage_that_was_not_measured_is_no_pass() -> None:
    before = {1: night(1.0, gate=4.0, publish=7.0)}
    with pytest.raises(ValueError, match="not measured: publish"):
        ratios.compare(before, {1: night(1.0, gate=4.0)})
    with pytest.raises(ValueError, match="baseline"):
        ratios.compare(before, {2: night(1.0, gate=4.0)})


def test_the_command_ends_with_1_where_a_ratio_is_beyond(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(suite, "BASELINE", tmp_path / "baseline.json")
    suite.write(tmp_path / "baseline.json", {1: night(1.0, gate=4.0)})
    suite.write(tmp_path / "same.json", {1: night(3.0, gate=12.0)})
    suite.write(tmp_path / "worse.json", {1: night(1.0, gate=9.0)})
    codes = []
    for name in ("same", "worse"):
        words = ["x", "--check", "--found", str(tmp_path / f"{name}.json")]
        monkeypatch.setattr("sys.argv", words)
        codes.append(suite.main())
    assert codes == [0, 1]
    assert "gate at ×1: cost 9.00, baseline 4.00" in capsys.readouterr().out


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    measured = {1: night(1.0, gate=4.0), 2: night(1.0, gate=8.0)}
    suite.write(tmp_path / "a.json", measured)
    assert suite.read(tmp_path / "a.json") == measured
    assert json.loads((tmp_path / "a.json").read_text())["slopes_of_cpu"]["gate"] == 1.0


def test_the_table_has_a_line_for_each_stage_and_the_breakdown_all_of_the_night() -> None:
    measured = {
        1: night(1.0, **{"fetch, land": 2.0, "dbt: trade": 6.0, "gate": 4.0}),
        2: night(1.0, **{"fetch, land": 4.0, "dbt: trade": 12.0, "gate": 4.0}),
    }
    lines = list(suite.table(measured))
    assert lines[0].startswith("| stage | CPU ×1, s | CPU ×2, s | slope | wall ×2, s |")
    assert any(line.startswith("| fetch, land | 2.00 | 4.00 | 1.00 | 4.00 |") for line in lines)
    text = "\n".join(suite.breakdown(measured))
    assert "| gate | 4.0 | 4.0 | 33% |" in text
    assert "1.50 times fetching, parsing and dbt alone by wall" in text


def test_the_baseline_in_the_repository_compares_with_itself() -> None:
    baseline = suite.read(suite.BASELINE)
    assert sorted(baseline) == list(suite.CHECKED)
    assert ratios.compare(baseline, baseline) == []


def test_every_model_is_in_one_group_after_what_it_needs() -> None:
    nodes = {
        "a": ("seed_a", "seeds/a.csv", []),
        "f": ("fact", "models/marts/core/fact.sql", ["t", "c"]),
        "g": ("profile", "models/marts/scorecards/profile.sql", ["f"]),
        "c": ("eci", "models/intermediate/complexity/eci.sql", ["d", "t"]),
        "d": ("dim", "models/marts/core/dim.sql", ["a"]),
        "t": ("flows", "models/intermediate/trade/flows.sql", ["a"]),
    }
    found = grouped(nodes)
    assert found["trade"] == ["flows"]
    assert found["complexity"] == ["dim", "eci"]  # the dimension comes early: complexity needs it
    assert found["fact"] == ["fact"] and found["guidelines"] == ["profile"]
    with pytest.raises(ValueError, match="in no group: x"):
        grouped({"x": ("x", "models/elsewhere/x.sql", [])})


def test_a_chart_is_well_formed_and_holds_every_line() -> None:
    text = log_log("a < b", {"one": [(1, 2.0), (4, 8.0)], "two": [(1, 1.0)]}, "size", "s")
    root = ElementTree.fromstring(text)
    words = [node.text for node in root.iter() if node.tag.endswith("text")]
    assert {"a < b", "one", "two", "linear"} <= set(words)
    assert sum(node.tag.endswith("circle") for node in root.iter()) == 3
    with pytest.raises(ValueError, match="above zero"):
        log_log("none", {"one": [(1, 0.0)]}, "size", "s")
