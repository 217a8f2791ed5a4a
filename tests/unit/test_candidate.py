"""The tables that are in a candidate before dbt runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pipelines import candidate
from pipelines.settings import Settings
from pipelines.sources.base import Licence, discover
from pipelines.sources.wdi import Wdi
from pipelines.vintages import Manifest, PartState
from pipelines.warehouse import open_candidate


class Mixed(Wdi):
    """One series of an owner who keeps its figures back among open ones."""

    def part_licence(self, part: str) -> Licence:
        open_terms = super().part_licence(part)
        return open_terms if part != "IT.NET.BBND.P2" else RESTRICTED

    def licences(self) -> tuple[Licence, ...]:
        return (self.licence, RESTRICTED)


RESTRICTED = Licence("ITU-terms", "t", "https://x.example", "ITU", False, True, False)
RELEASE = {
    "release_id": "r", "built_at": datetime(2026, 11, 1, tzinfo=UTC), "profile": "live",
    "realm": "official", "is_synthetic": False, "notice": "", "git_commit": "c",
    "software_version": "v", "inputs_fingerprint": "f", "inputs_sha256": "i", "code_sha256": "c",
    "definitions_sha256": "d", "fact_hash": None, "previous_release_id": None,
}  # fmt: skip


def part(name: str) -> PartState:
    return PartState("wdi", name, "v1", "2026-07-13", None, "2026-10-01T00:00:00+00:00",
                     ("https://x.example",), ("sha",), "canonical", "1", {})  # fmt: skip


def test_a_licence_belongs_to_a_part_and_is_listed_once_for_its_source(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, profile="live")
    parts = {name: part(name) for name in ("IT.NET.BBND.P2", "SP.POP.TOTL")}
    candidate.prepare(
        settings, {"wdi": Mixed()}, {"wdi": Manifest("wdi", "official", "v1", parts)}, RELEASE, {}
    )
    with open_candidate(settings) as con:
        snapshots = con.sql(
            "select s.part, l.licence_id, l.non_commercial, l.redistribute_raw, s.attribution "
            "from meta.source_snapshot s join reference.licence l using (source_id, licence_id) "
            "order by 1"
        ).fetchall()
        undescribed = con.sql(
            "select table_name, column_name from duckdb_columns() "
            "where schema_name in ('meta', 'reference') and comment is null"
        ).fetchall()
    assert snapshots[0] == ("IT.NET.BBND.P2", "ITU-terms", True, False, "ITU")
    assert snapshots[1][:4] == ("SP.POP.TOTL", "CC-BY-4.0", False, True)
    assert "United Nations Population Division" in snapshots[1][4]
    assert undescribed == []


def test_every_source_lists_each_of_its_licences_once() -> None:
    rows = candidate.licence_rows(discover().values())
    keys = [(row["source_id"], row["licence_id"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert {source for source, _ in keys} == set(discover())
    terms = {row["source_id"]: row for row in rows}
    assert terms["uis"]["share_alike"] and not terms["wdi"]["share_alike"]
    columns = [name for name, _, _ in candidate.REFERENCE["licence"][1]]
    assert all(list(row) == columns for row in rows)
