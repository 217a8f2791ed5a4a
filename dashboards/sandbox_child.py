"""The process that a stranger's SQL runs in. A program, started by `dashboards.sandbox` only.

It opens the release read-only and then shuts every door: no file or network access, no
extensions, no second database, no settings, no variables of this program. Limits of the
operating system on memory, processor time and file size stand behind DuckDB's own, so that a
query that finds a way around one meets the other.

A JSON request on standard input; on standard output one line of JSON, then an Arrow stream.
Imports little: it starts for each query.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

LOCKS = {
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "temp_directory": "''",
    "threads": "1",
    "enable_external_access": "false",
    "disabled_filesystems": "'LocalFileSystem'",
    "lock_configuration": "true",
}
BATCH_ROWS = 2048


class Refused(Exception):
    """Why a query has no result, in words for the reader."""


def main() -> None:
    """Read the request, answer it, end."""
    request = json.load(sys.stdin)
    body, said = b"", {"problem": "", "is_cut": False}
    try:
        body, said["is_cut"] = run(request)
    except Refused as refusal:
        said["problem"] = str(refusal)
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + body)
    sys.stdout.buffer.flush()


def run(request: dict[str, Any]) -> tuple[bytes, bool]:
    """The result as an Arrow stream, and whether it was cut.

    Raises:
        Refused: the statement is not allowed, fails, or asks for too much.
    """
    with _locked(request) as con:
        try:
            statements = con.extract_statements(request["sql"])
        except duckdb.Error as error:
            raise Refused(_plain(error)) from error
        if len(statements) != 1:
            raise Refused("Write exactly one statement.")
        if statements[0].type != duckdb.StatementType.SELECT:
            raise Refused("Only reading is allowed here: SELECT, FROM, WITH, DESCRIBE, SUMMARIZE.")
        try:
            # one row more than is shown tells whether there are more, without making them all
            relation = con.sql(statements[0].query).limit(request["rows"] + 1)
            reader = relation.to_arrow_reader(BATCH_ROWS)
            return _collect(reader, request["rows"], request["result_mb"] << 20)
        except duckdb.Error as error:
            raise Refused(_plain(error)) from error
        except (pa.ArrowException, MemoryError) as error:
            raise Refused(f"The result cannot be handed over: {error}") from error


@contextlib.contextmanager
def _locked(request: dict[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect(request["path"], read_only=True)
    con.execute("set timezone = 'UTC'")
    con.execute(f"set memory_limit = '{int(request['memory_mb'])}MB'")
    for name, value in LOCKS.items():
        con.execute(f"set {name} = {value}")
    seconds = int(request["seconds"]) + 1
    space = _address_space() + (request["memory_mb"] + 1024) * (1 << 20)
    for limit, most in (
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, space),
    ):
        resource.setrlimit(limit, (most, most))
    try:
        yield con
    finally:
        con.close()


def _address_space() -> int:
    """Bytes of address space in use."""
    pages = Path("/proc/self/statm").read_text().split()[0]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _collect(reader: Any, rows: int, most_bytes: int) -> tuple[bytes, bool]:
    """The first rows as an Arrow stream; whether there are more."""
    sink = io.BytesIO()
    left = rows
    with pa.ipc.new_stream(sink, reader.schema) as writer:
        for batch in reader:
            if left < batch.num_rows:
                writer.write_batch(batch.slice(0, left))
                return _closed(writer, sink), True
            writer.write_batch(batch)
            left -= batch.num_rows
            if sink.tell() > most_bytes:
                raise Refused(f"The result is larger than {most_bytes >> 20} MB.")
    return sink.getvalue(), False


def _closed(writer: Any, sink: io.BytesIO) -> bytes:
    writer.close()
    return sink.getvalue()


def _plain(error: Exception) -> str:
    """DuckDB's message without its advice on settings: they are locked here."""
    return str(error).strip().split("\n\nPossible solutions")[0][:2000]


if __name__ == "__main__":
    main()
