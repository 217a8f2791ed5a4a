"""A folder that can be handed on: data by terms of use, dictionaries, descriptor, checksums.

The folder appears whole or not at all. Every file of synthetic figures says so in its name and in
its content.

Belongs here: the layout of the folder and its papers. Does not belong here: who may have which cell
(`terms`), the SDMX structure (`sdmx`).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq

from pipelines import __version__
from pipelines.errors import ConfigError
from pipelines.export import Format, sdmx, terms
from pipelines.export.terms import ABOUT, Classified, Terms
from pipelines.history import COLUMNS, KEY
from pipelines.storage import readable_os_errors

DICTIONARIES = ("dim_indicator", "dim_basis", "dim_term", "dim_geo", "dim_cluster", "dim_period")
WATERMARK = "SYNTHETIC DEMONSTRATION DATA: describes nothing real; do not quote"
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "xml": "application/xml"}
_FIELD_TYPES = {
    pl.String: "string",
    pl.Float64: "number",
    pl.Int64: "integer",
    pl.Int32: "integer",
    pl.Boolean: "boolean",
    pl.Date: "date",
}


@dataclass(frozen=True)
class Exported:
    """What came of an export.

    Attributes:
        folder: where it is.
        files: every data file with its rows.
        left_out: cells that are not in it, by indicator, licence and reason.
        separated: terms of use → cells, of what stands apart from the open cells.
        citation: the line to cite.
    """

    folder: Path
    files: dict[str, int]
    left_out: pl.DataFrame
    separated: dict[str, int]
    citation: str


def write(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    kind: Format,
    *,
    non_commercial: bool = False,
    indicators: Iterable[str] = (),
) -> Exported:
    """Export a release into a new folder.

    Args:
        con: the release, or a past one told again.
        folder: must not exist, or be empty.
        kind: format of the data and dictionaries.
        non_commercial: the copy is for non-commercial use, so that such cells are added, apart.
        indicators: only these; all where empty.

    Raises:
        ConfigError: the folder is not empty, an indicator is unknown, nothing may be exported, or
            the SDMX writer is not installed.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty; name a new folder")
    if kind is Format.SDMX_CSV:
        sdmx.require()
    release = con.sql("from meta.release").pl().row(0, named=True)
    if not con.execute(
        "select 1 from duckdb_tables() where schema_name = 'reference' and table_name = 'licence' "
        "union all select 1 from duckdb_views() where schema_name = 'reference' "
        "and view_name = 'licence'"
    ).fetchall():
        raise ConfigError(
            f"release {release['release_id']} was published by an earlier version and does "
            "not know the terms of its sources; run `clusterkpi refresh` first"
        )
    found = terms.classify(con, non_commercial=non_commercial, indicators=indicators)
    left = con.execute("select count(*) from export_cells").fetchall()[0][0]
    if not left:
        raise ConfigError(
            "no cell may be passed on: "
            + "; ".join(
                f"{row['indicator_id']} ({row['licences']}): {row['reason']}"
                for row in found.left_out.to_dicts()[:5]
            )
        )
    with readable_os_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        writer = _Writer(con, scratch, kind, release, found)
        exported = writer.run()
        with readable_os_errors(folder):
            if folder.exists():
                folder.rmdir()
            scratch.chmod(0o755)
            scratch.rename(folder)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return Exported(folder, **exported)


def citation(release: Mapping[str, Any], sources: str) -> str:
    """The line to cite an export by; for synthetic figures, that there is nothing to cite."""
    day = release["built_at"].date().isoformat()
    fact = str(release.get("fact_hash") or "")[:12]
    line = (
        f"clusterkpi {release['software_version'] or __version__}, release {release['release_id']} "
        f"of {day} (fact {fact}), computed from: {sources}."
    )
    return f"{WATERMARK}. {line}" if release["is_synthetic"] else line


class _Writer:
    """One export in the making."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        folder: Path,
        kind: Format,
        release: dict[str, Any],
        found: Classified,
    ) -> None:
        self.con, self.folder, self.kind, self.release, self.found = (
            con,
            folder,
            kind,
            release,
            found,
        )
        self.suffix = "parquet" if kind is Format.PARQUET else "csv"
        self.mark = "SYNTHETIC_" if release["is_synthetic"] else ""
        self.files: dict[str, int] = {}
        self.resources: list[dict[str, Any]] = []

    def run(self) -> dict[str, Any]:
        """Write all files.

        Returns:
            Fields of `Exported` besides the folder.
        """
        used = self.con.sql("select distinct row_group, terms from export_cells").pl()
        groups = self.found.groups.join(used, on=["row_group", "terms"], how="semi")
        counts = dict(
            self.con.execute("select terms, count(*) from export_cells group by 1").fetchall()
        )
        for name in Terms:
            if name.value in counts:
                self._data(name, groups.filter(pl.col("terms") == name.value))
        for name in DICTIONARIES:
            self._table(f"dictionary/{self.mark}{name}", self._dictionary(f"marts.{name}"), name)
        for name in ("obs_status", "licence"):
            frame = self._dictionary(f"reference.{name}")
            self._table(f"dictionary/{self.mark}{name}", frame, name)
        self._table(f"{self.mark}row_groups", self._marked(groups), "row_groups")
        if self.found.left_out.height:
            self._table(f"{self.mark}left_out", self._marked(self.found.left_out), "left_out")
        if self.kind is Format.SDMX_CSV:
            lists = sdmx.codes(self.con, groups)
            self._file(
                f"{self.mark}structure.xml",
                sdmx.structure_message(lists, self.release),
                "structure",
            )
        sources = "; ".join(
            dict.fromkeys(
                text
                for row in groups["attribution"].to_list()
                for text in row.split("; ")
                if not row.startswith("clusterkpi:")
            )
        )
        line = citation(self.release, sources or "no landed source")
        separated = {k: v for k, v in counts.items() if k != Terms.OPEN.value}
        self._papers(line, groups, separated)
        return {
            "files": self.files,
            "left_out": self.found.left_out,
            "separated": separated,
            "citation": line,
        }

    # ---- data

    def _data(self, name: Terms, groups: pl.DataFrame) -> None:
        cells = self.con.sql(
            f"""
            select {", ".join(f"c.{column}" for column in (*KEY, *COLUMNS))},
                b.unit, c.row_group, {str(self.release["is_synthetic"]).lower()} as is_synthetic
            from export_cells as c
            left join marts.dim_basis as b using (indicator_id, basis)
            where c.terms = '{name.value}'
            order by c.row_group, {", ".join(f"c.{column}" for column in KEY)}
            """
        )
        stem = f"data/{name.value}/{self.mark}fct_indicator_value"
        if name is Terms.DERIVED_ONLY:
            cells = self.con.sql(
                "select * replace (null::map(varchar, double) as components) from cells"
            )
        if self.kind is Format.PARQUET:
            self._parquet(stem, cells, name, groups)
            return
        flat = self.con.sql(
            "select * replace (to_json(components)::varchar as components, "
            "array_to_string(source_ids, ' ') as source_ids) from cells"
        ).pl()
        if self.kind is Format.SDMX_CSV:
            path = self._path(f"{stem}.csv")
            sdmx.write_data(path, flat)
            self._resource(
                path, f"fct_indicator_value_{name.value}", flat.height, None, name, groups
            )
        else:
            path = self._path(f"{stem}.csv")
            flat.write_csv(path)
            self._resource(
                path, f"fct_indicator_value_{name.value}", flat.height, flat, name, groups
            )

    def _parquet(
        self, stem: str, cells: duckdb.DuckDBPyRelation, name: Terms, groups: pl.DataFrame
    ) -> None:
        """One Parquet row group for each row group of terms, each named in the file's metadata."""
        path = self._path(f"{stem}.parquet")
        whole = cells.to_arrow_table()
        texts = {row["row_group"]: row["attribution"] for row in groups.to_dicts()}
        order = list(dict.fromkeys(whole["row_group"].to_pylist()))
        metadata = {
            "clusterkpi.release": self.release["release_id"],
            "clusterkpi.notice": WATERMARK if self.release["is_synthetic"] else "",
            "clusterkpi.terms": ABOUT[name],
            "clusterkpi.attribution_by_row_group": json.dumps([texts[g] for g in order]),
        }
        schema = whole.schema.with_metadata(metadata)
        import pyarrow.compute as pc

        with pq.ParquetWriter(path, schema, compression="zstd") as sink:
            for group in order:
                part = whole.filter(pc.equal(whole["row_group"], group))
                sink.write_table(
                    part.replace_schema_metadata(metadata), row_group_size=part.num_rows
                )
        frame = pl.DataFrame(cells.limit(0).to_arrow_table())
        self._resource(
            path, f"fct_indicator_value_{name.value}", whole.num_rows, frame, name, groups
        )

    def _dictionary(self, table: str) -> pl.DataFrame:
        return self._marked(self.con.sql(f"select * from {table} order by all").pl())

    def _marked(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.lit(self.release["is_synthetic"]).alias("is_synthetic"))

    def _table(self, stem: str, frame: pl.DataFrame, name: str) -> None:
        path = self._path(f"{stem}.{self.suffix}")
        if self.suffix == "parquet":
            frame.write_parquet(path, compression="zstd")
        else:
            frame = frame.with_columns(
                pl.col(column).list.join(" ")
                for column, dtype in frame.schema.items()
                if isinstance(dtype, pl.List)
            )
            frame.write_csv(path)
        self._resource(path, name, frame.height, frame)

    # ---- papers

    def _path(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _file(self, name: str, body: bytes, resource: str) -> None:
        path = self._path(name)
        path.write_bytes(body)
        self._resource(path, resource, None, None)

    def _resource(
        self,
        path: Path,
        name: str,
        rows: int | None,
        frame: pl.DataFrame | None,
        terms_of_use: Terms | None = None,
        groups: pl.DataFrame | None = None,
    ) -> None:
        suffix = path.suffix.removeprefix(".")
        place = str(path.relative_to(self.folder))
        resource: dict[str, Any] = {
            "name": name.replace("_", "-"),
            "path": place,
            "format": suffix,
            "mediatype": _MEDIA[suffix],
            "bytes": path.stat().st_size,
            "hash": f"sha256:{_sha256(path)}",
        }
        if suffix == "csv":
            resource |= {"encoding": "utf-8", "profile": "tabular-data-resource"}
            header = path.open(encoding="utf-8").readline().rstrip("\n").split(",")
            dtypes = dict(frame.schema) if frame is not None else {}
            fields = [
                {"name": column, "type": _FIELD_TYPES.get(type(dtypes.get(column)), "string")}
                for column in header
            ]
            resource["schema"] = {"fields": _typed(fields, dtypes), "missingValues": [""]}
        if rows is not None:
            self.files[place] = rows
            resource["rows"] = rows
        if terms_of_use is not None and groups is not None:
            resource["description"] = ABOUT[terms_of_use]
            resource["licenses"] = [
                {"name": licence, "path": url}
                for licence, url in sorted(
                    {
                        (licence, url)
                        for row in groups.to_dicts()
                        for licence, url in self._licences(row["licences"])
                    }
                )
            ]
        self.resources.append(resource)

    def _licences(self, joined: str) -> list[tuple[str, str]]:
        urls = dict(
            self.con.execute(
                "select licence_id, any_value(url) from reference.licence group by 1"
            ).fetchall()
        )
        return [(name, urls.get(name) or "") for name in joined.split(" + ") if name != "none"]

    def _papers(self, line: str, groups: pl.DataFrame, separated: Mapping[str, int]) -> None:
        synthetic = bool(self.release["is_synthetic"])
        licences = {pair for row in groups.to_dicts() for pair in self._licences(row["licences"])}
        descriptor = {
            "profile": "data-package",
            "name": "clusterkpi",
            "id": self.release["release_id"],
            "title": f"{WATERMARK} – " * synthetic + "Industrial-cluster performance indicators",
            "description": line,
            "version": self.release["release_id"],
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "is_synthetic": synthetic,
            "notice": self.release["notice"],
            "citation": line,
            "fact_hash": self.release.get("fact_hash"),
            "licenses": [{"name": name, "path": url} for name, url in sorted(licences)],
            "sources": [
                {"title": text}
                for text in dict.fromkeys(
                    t for row in groups["attribution"].to_list() for t in row.split("; ")
                )
            ],
            "resources": self.resources,
        }
        (self.folder / "datapackage.json").write_text(
            json.dumps(descriptor, indent=1, ensure_ascii=False, default=str) + "\n"
        )
        (self.folder / "README.txt").write_text(self._readme(line, groups, separated))
        (self.folder / "CITATION.txt").write_text(line + "\n")
        names = sorted(p for p in self.folder.rglob("*") if p.is_file())
        sums = "".join(f"{_sha256(p)}  {p.relative_to(self.folder)}\n" for p in names)
        (self.folder / f"{self.mark}checksums.sha256").write_text(sums)

    def _readme(self, line: str, groups: pl.DataFrame, separated: Mapping[str, int]) -> str:
        parts = []
        if self.release["is_synthetic"]:
            parts.append(WATERMARK.upper())
        if self.release["notice"]:
            parts.append(str(self.release["notice"]).strip())
        parts.append(f"Cite as:\n{line}")
        listed = "\n".join(f"  {place}: {rows:,} rows" for place, rows in self.files.items())
        parts.append(f"Files (check them with: sha256sum -c {self.mark}checksums.sha256)\n{listed}")
        used = [Terms(name) for name in Terms if name.value in set(groups["terms"].to_list())]
        parts.append(
            "Terms of use, by folder below data/\n"
            + "\n".join(f"  {name.value}: {ABOUT[name]}" for name in used)
        )
        parts.append(
            "Attribution: every row names its row_group; its text is in row_groups.\n"
            + "\n".join(
                f"  {row['row_group']} ({row['cells_count']:,} cells): {row['attribution']}"
                for row in groups.to_dicts()
            )
        )
        if self.found.left_out.height:
            parts.append(
                "Left out\n"
                + "\n".join(
                    f"  {row['indicator_id']}, {row['basis']}: {row['cells_count']:,} cells under "
                    f"{row['licences']}: {row['reason']}"
                    for row in self.found.left_out.to_dicts()
                )
            )
        return "\n\n".join(parts) + "\n"


def _typed(fields: list[dict[str, str]], dtypes: Mapping[str, Any]) -> list[dict[str, str]]:
    numbers = {"OBS_VALUE", "VALUE_LOWER", "VALUE_UPPER"}
    for field in fields:
        if not dtypes and field["name"] in numbers:
            field["type"] = "number"
        if not dtypes and field["name"] == "N_OBS":
            field["type"] = "integer"
    return fields


def _sha256(path: Path) -> str:
    with path.open("rb") as body:
        return hashlib.file_digest(body, "sha256").hexdigest()
