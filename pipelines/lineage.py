"""Which code, which lists and which raw tables every indicator rests on, from dbt's manifest.

A release stores it beside its figures: so that a passport can name the models and checks between a
cell and its raw rows, and so that a later release can tell a changed method (the SQL of this very
indicator, or a model, macro or formula that it reads) from changed data.

Belongs here: reading the manifest. Does not belong here: comparing releases (`history`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import dbt
from pipelines.errors import BuildFailed

_PROJECT = "clusterkpi"
_CORRECTIONS = "seeds/corrections/"
FACT = f"model.{_PROJECT}.fct_indicator_value"


@dataclass(frozen=True)
class Lineage:
    """What dbt knows of the project that built a candidate.

    Attributes:
        edges: rows of meta.lineage, from a node to what it reads directly.
        indicators: rows of meta.indicator_code, one for each indicator.
    """

    edges: list[dict[str, Any]]
    indicators: list[dict[str, Any]]


def read(manifest_file: Path) -> Lineage:
    """The lineage in a manifest.

    Raises:
        BuildFailed: there is no manifest, so that dbt did not run here.
    """
    try:
        manifest = json.loads(manifest_file.read_bytes())
    except FileNotFoundError as error:
        raise BuildFailed(f"{manifest_file} is missing: dbt left no manifest") from error
    return Lineage(_edges(manifest), _indicators(manifest))


def of_build(build_dir: Path) -> Lineage:
    """The lineage of the project that dbt built last in this build folder."""
    return read(build_dir / "dbt_target" / "manifest.json")


def _name(manifest: Mapping[str, Any], unique_id: str) -> tuple[str, str]:
    """Kind and name of a node as they are published: raw and meta tables by their relation."""
    kind = unique_id.split(".", 1)[0]
    if kind == "source":
        source = manifest["sources"][unique_id]
        return source["schema"], source["identifier"]
    if kind in ("test", "unit_test"):
        return "check", unique_id
    return kind, unique_id.split(".")[2]


def _edges(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = set()
    nodes: dict[str, Any] = {**manifest["nodes"], **manifest.get("unit_tests", {})}
    for unique_id, node in nodes.items():
        kind, name = _name(manifest, unique_id)
        parents = node["depends_on"].get("nodes", [])
        if unique_id.startswith("unit_test."):
            parents = [f"model.{_PROJECT}.{node['model']}"]
        for parent in parents:
            parent_kind, parent_name = _name(manifest, parent)
            found.add((kind, name, parent_kind, parent_name))
    keys = ("node_kind", "node", "reads_kind", "reads")
    return [dict(zip(keys, edge, strict=True)) for edge in sorted(found)]


def _indicators(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    formulas = _folder_digest(dbt.METRICS_DIR)
    for unique_id, node in sorted(manifest["nodes"].items()):
        entries = (node["config"].get("meta") or {}).get("indicator")
        if node["resource_type"] != "model" or not entries:
            continue
        above = upstream(manifest, unique_id)
        models = [i for i in above if i.startswith("model.")]
        seeds = [i for i in above if i.startswith("seed.")]
        raw = sorted(
            manifest["sources"][i]["identifier"]
            for i in above
            if i.startswith("source.") and manifest["sources"][i]["schema"] == "raw"
        )
        corrections = [i for i in seeds if _file(manifest, i).startswith(_CORRECTIONS)]
        lists = [i for i in seeds if i not in corrections]
        rows.append(
            {
                "indicator_id": entries["indicator_id"],
                "model": node["name"],
                "code_sha256": _code(manifest, models, formulas),
                "definitions_sha256": _checksums(manifest, lists),
                "corrections_sha256": _checksums(manifest, corrections),
                "raw_tables": raw,
            }
        )
    return rows


def upstream(manifest: Mapping[str, Any], unique_id: str) -> list[str]:
    """A node and everything that it reads, directly or not, sorted."""
    return _closure(
        [unique_id],
        lambda i: (
            manifest["nodes"][i]["depends_on"].get("nodes", []) if i in manifest["nodes"] else []
        ),
    )


def _closure(start: Iterable[str], parents: Callable[[str], Iterable[str]]) -> list[str]:
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        item = waiting.pop()
        if item not in seen:
            seen.add(item)
            waiting.extend(parents(item))
    return sorted(seen)


def _code(manifest: Mapping[str, Any], models: list[str], formulas: str) -> str:
    """Hash of the SQL of models, of the project's macros that they call, and of Python formulas.

    Formatting counts: two hashes that differ say that the code was touched, not that it matters.
    """
    macros = _closure(
        (m for i in models for m in manifest["nodes"][i]["depends_on"].get("macros", [])),
        lambda i: manifest["macros"][i]["depends_on"].get("macros", []),
    )
    parts = [f"{i}={manifest['nodes'][i]['checksum']['checksum']}" for i in models]
    parts += [
        f"{i}={manifest['macros'][i]['macro_sql']}"
        for i in macros
        if manifest["macros"][i]["package_name"] == _PROJECT
    ]
    if any(manifest["nodes"][i]["language"] == "python" for i in models):
        parts.append(f"formulas={formulas}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _checksums(manifest: Mapping[str, Any], seeds: list[str]) -> str:
    """Hash of what is in lists: of a large seed dbt's own checksum knows the path only."""
    digest = hashlib.sha256()
    for unique_id in seeds:
        node = manifest["nodes"][unique_id]
        digest.update(unique_id.encode())
        digest.update((Path(node["root_path"]) / node["original_file_path"]).read_bytes())
    return digest.hexdigest()


def _file(manifest: Mapping[str, Any], unique_id: str) -> str:
    return str(manifest["nodes"][unique_id]["original_file_path"])


def _folder_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
