"""The ways in which publishers fail: what goes over the wire, and what has to come of it.

Numbers are those of the list of failure modes in the ingestion contract (1 to 26).

Belongs here: data about failures and small functions that make them out of good replies.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace

import orjson

from pipelines.http.classify import Outcome
from pipelines.ingest import Step
from tests.stub.server import Reply

HTML = b"<!DOCTYPE html><html><body><h1>Scheduled maintenance</h1></body></html>"
# Offices' tables, proven by what each area, series or industry has to have.
NATIONAL = ("abs", "estat", "kosis", "statsnz")
ALL = (
    "acs", "baci", "bds", "bea", "bfs", "cbp", "comtrade", "eurostat", "itu", "microsoft", "oecd",
    "qcew", "statcan", "susb", "uis", "usda", "ustrade", "wdi", *NATIONAL,
)  # fmt: skip
ZIPS = ("baci", "cbp", "qcew")
TABLES = ("bds", "bfs", "eurostat", "microsoft", "oecd", "susb", "usda", "ustrade")
# How the header begins of tables that have titles above it.
TITLED = (b"FIPS Code,", b'"Commodity",')
CENSUS = ("acs", "bds", "bfs", "cbp", "susb")
NOT_DATA = (
    "/sources/2", "/catalogue/toc", "/dataflow/", "/contentconstraint/", "/versions/default",
    "/AreaID.csv", "/getDa/", "/dictionaries/",
)  # fmt: skip


@dataclass(frozen=True)
class Mode:
    """One way to fail.

    Attributes:
        number, name: of the list.
        sources: which can fail so.
        alter: makes the bad reply.
        step, outcome: what has to come of the part; an outcome of None is not looked at.
        says: text that the message has to hold.
        force: read although nothing is new (off where "nothing is new" is the point).
    """

    number: int
    name: str
    sources: tuple[str, ...]
    alter: Callable[[str, Reply], Reply]
    step: Step
    outcome: Outcome | None = None
    says: str = ""
    force: bool = True


def status(code: int, body: bytes = b"", **headers: str) -> Callable[[str, Reply], Reply]:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return lambda _url, _reply: Reply(code, named, body)


def edit(change: Callable[[bytes], bytes]) -> Callable[[str, Reply], Reply]:
    """Alter the text of a reply, also inside a zip archive or gzip."""

    def alter(_url: str, reply: Reply) -> Reply:
        if reply.status != 200:
            return reply  # a year that is not published yet
        body = reply.body
        if body[:2] == b"PK":
            body = repacked(body, change)
        elif body[:2] == b"\x1f\x8b":
            body = change(gzip.decompress(body))
        else:
            body = change(body)
        return replace(reply, body=body, headers=unversioned(reply))

    return alter


def unversioned(reply: Reply) -> dict[str, str]:
    gone = ("etag", "last-modified", "content-encoding")
    return {key: value for key, value in reply.headers.items() if key not in gone}


def repacked(body: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with its tables changed; other time stamps, other compression."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(sink, "w") as new:
        least = max(info.file_size for info in old.infolist()) / 2
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info.filename, change(content) if info.file_size > least else content)
    return sink.getvalue()


def json_edit(change: Callable[[object], object]) -> Callable[[str, Reply], Reply]:
    return edit(lambda body: orjson.dumps(change(orjson.loads(body))))


def rows_of(reply: object) -> list[dict[str, object]]:
    """The rows inside a JSON reply of either interface."""
    return reply["records"] if isinstance(reply, dict) else reply[1]  # type: ignore[index]


def parted(body: bytes) -> tuple[bytes, bytes, bytes]:
    """Titles, the header without its line end, and the lines below it."""
    at = max(body.find(begin) for begin in TITLED) if body.count(b"\n") else -1
    header, _, rest = body[max(at, 0) :].partition(b"\n")
    return body[: max(at, 0)], header, rest


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[str, Reply], Reply]:
    """Alter the lines below the header."""

    def alter(body: bytes) -> bytes:
        titles, header, rest = parted(body)
        rows = [line for line in rest.splitlines(keepends=True) if line.strip()]
        return titles + header + b"\n" + b"".join(change(rows))

    return edit(alter)


def renamed(body: bytes) -> bytes:
    """The header with its second column renamed, which every contract requires."""
    titles, header, rest = parted(body)
    cells = header.split(b",")
    required = {b"geo": b"region", b"REF_AREA": b"REGION", b"series": b"serie", b"st": b"state",
                b"naics": b"industry", b"i": b"origin", b"NAICS": b"INDUSTRY",
                b"GEO": b"PLACE", b"REGION": b"PLACE", b"Area": b"Place", b"AreaID": b"Place", b"COUNTY ID": b"PLACE",
                b"FIPS Code": b"PLACE", b"Commodity": b"GOODS",
                "시점".encode(): b"when"}  # fmt: skip
    cells = [required.get(cell.strip(b'"\r'), cell) for cell in cells]
    header = b",".join(cells).replace(b'"own_code"', b'"owner"')
    return titles + header + b"\n" + rest


def widened(body: bytes) -> bytes:
    """A column more, at the end of every line."""
    titles, header, rest = parted(body)
    rows = (row.rstrip(b"\r") + b"," if row else row for row in rest.split(b"\n"))
    return titles + b"\n".join([header.rstrip(b"\r,") + b",OBS_COMMENT", *rows])


def without_40_percent(rows: list) -> list:  # type: ignore[type-arg]
    return [row for number, row in enumerate(rows) if number % 5 > 1]


def one_member(_url: str, reply: Reply) -> Reply:
    """The archive with its first table thinned: little of it all, much of one year."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(reply.body)) as old, zipfile.ZipFile(sink, "w") as new:
        for number, info in enumerate(old.infolist()):
            header, *rows = old.read(info).splitlines(keepends=True)
            rows = rows if number else without_40_percent(rows)
            new.writestr(info.filename, header + b"".join(rows))
    return replace(reply, body=sink.getvalue(), headers=unversioned(reply))


def without_a_member(_url: str, reply: Reply) -> Reply:
    """The archive without its last file."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(reply.body)) as old, zipfile.ZipFile(sink, "w") as new:
        for info in old.infolist()[:-1]:
            new.writestr(info.filename, old.read(info))
    return replace(reply, body=sink.getvalue(), headers=unversioned(reply))


def without_one(rows: list) -> list:  # type: ignore[type-arg]
    return rows[: len(rows) // 2] + rows[len(rows) // 2 + 1 :]


def without_a_year(_url: str, reply: Reply) -> Reply:
    """The archive without its second file."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(reply.body)) as old, zipfile.ZipFile(sink, "w") as new:
        for number, info in enumerate(old.infolist()):
            if number != 1:
                new.writestr(info.filename, old.read(info))
    return replace(reply, body=sink.getvalue(), headers=unversioned(reply))


def fewer_json(reply: object) -> object:
    kept = without_40_percent(rows_of(reply))
    if isinstance(reply, dict):
        return {**reply, "records": kept}
    return [{**reply[0], "total": len(kept)}, kept]  # type: ignore[index]


def torn_pages(url: str, reply: Reply) -> Reply:
    header, rows = orjson.loads(reply.body)
    header["pages"] = 2
    if "page=2" in url:
        header["lastupdated"], rows = "1999-01-01", []
    return replace(reply, body=orjson.dumps([header, rows]))


def comtrade(
    change: Callable[[list[dict[str, object]]], list[dict[str, object]]], **envelope: object
) -> Callable[[str, Reply], Reply]:
    """Alter the rows of Comtrade, and say how many there are, unless `envelope` says otherwise."""

    def alter(reply: object) -> object:
        rows = change(reply["data"])  # type: ignore[index]
        return {**reply, "data": rows, "count": len(rows), **envelope}  # type: ignore[dict-item]

    return json_edit(alter)


def spoilt(field: str, value: object) -> Callable[[list], list]:  # type: ignore[type-arg]
    return lambda rows: [{**rows[0], field: value}, *rows[1:]]


def in_one_economy(change: Callable[[str, Reply], Reply]) -> Callable[[str, Reply], Reply]:
    """Of the many replies about one series of ITU, alter that about the United States."""
    return lambda url, reply: change(url, reply) if url.endswith("/USA") else reply


def text_in_first_answer(rows: object) -> object:
    rows[0]["answer"][0]["value"] = "n.a."  # type: ignore[index]
    return rows


def one_row_less(reply: object) -> object:
    return [reply[0], reply[1][:-1]]  # type: ignore[index]


def text_in_first_value(reply: object) -> object:
    row = next(row for row in rows_of(reply) if row["value"] is not None)
    row["value"] = "n.a."
    return reply


def text_in_a_number(rows: list[bytes]) -> list[bytes]:
    """The first row with a plain figure loses it to a text."""
    for at, row in enumerate(rows):
        cells = row.rstrip(b"\r\n").split(b",")
        for column in (8, 7, 5, 2, 6, 4):
            if column < len(cells) and cells[column].replace(b".", b"").isdigit():
                if len(cells[column]) == 4 and cells[column][:2] in (b"20", b"19"):
                    continue  # a year
                cells[column] = b"x" + cells[column]
                return [*rows[:at], b",".join(cells) + b"\n", *rows[at + 1 :]]
    raise LookupError("no figure to spoil")


def cut(_url: str, reply: Reply) -> Reply:
    if reply.status != 200:
        return reply
    return replace(reply, sent=len(reply.body) // 2, headers=unversioned(reply))


def flipped(_url: str, reply: Reply) -> Reply:
    body = bytearray(reply.body)
    body[len(body) // 2] ^= 0xFF
    return replace(reply, body=bytes(body), headers=unversioned(reply))


def packed_silently(_url: str, reply: Reply) -> Reply:
    if reply.status != 200:
        return reply
    body = reply.body if reply.body[:2] == b"\x1f\x8b" else gzip.compress(reply.body)
    return replace(reply, body=body, headers=unversioned(reply))


def with_bom(_url: str, reply: Reply) -> Reply:
    if reply.status != 200:
        return reply
    body = gzip.decompress(reply.body) if reply.body[:2] == b"\x1f\x8b" else reply.body
    body = b"\xef\xbb\xbf" + body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return replace(reply, body=body, headers=unversioned(reply))


def message(number: str) -> bytes:
    told = {"id": number, "key": "Invalid value", "value": "The value is not valid"}
    return orjson.dumps([{"message": [told]}])


_ASYNC = b'{"error":[{"status":413,"id":413,"label":"ASYNCHRONOUS_RESPONSE. Try again later."}]}'
_BIG = b'{"error":[{"status":413,"id":413,"label":"EXTRACTION_TOO_BIG: estimated 9 rows"}]}'
_GONE = b'{"error":[{"status":404,"id":4,"label":"ERR_NOT_FOUND_4: X is not available"}]}'
_NONE = b'{"error":[{"status":400,"id":100,"label":"No results found"}]}'
_MUCH = b'{"message":"Too much data requested (224879 records)","statusCode":400}'
_QUOTA = b'{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 00:30:02."}'
_SOAP = (
    b"<S:Envelope xmlns:S='x'><S:Body><queued><id>t-1</id><status>SUBMITTED</status></queued>"
    b"</S:Body></S:Envelope>"
)
_XHTML = b'\xef\xbb\xbf<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD"><html>Error</html>'

F, P, H = Step.FAILED, Step.PARKED, Step.HELD
MODES = (
    Mode(1, "200, message 120", ("wdi",), status(200, message("120")), F, Outcome.BAD_REQUEST, "120"),
    Mode(1, "200, message 105", ("wdi",), status(200, message("105")), F, Outcome.TRANSIENT, "105"),
    Mode(2, "200, header and null", ("wdi",), status(200, b'[{"page":0,"pages":0,"per_page":10000,"total":0,"lastupdated":"2026-10-07"},null]'), H, None, "no row"),
    Mode(3, "400 XHTML with BOM", ("wdi",), status(400, _XHTML), F, Outcome.BAD_REQUEST, "400"),
    Mode(4, "version changes between pages", ("wdi",), torn_pages, F, Outcome.TORN, "read again"),
    Mode(5, "as many rows as the cap", ("comtrade",), comtrade(lambda rows: rows, count=100_000), F, Outcome.TRUNCATED, "cannot be split further"),
    Mode(6, "429, Retry-After of an hour", ALL, status(429, b"slow down", Retry_After="3600"), P, Outcome.RATE_LIMITED, "3600 s"),
    Mode(7, "403, quota used up", ALL, status(403, _QUOTA), P, Outcome.QUOTA_EXHAUSTED, "1802 s"),
    Mode(8, "401", ALL, status(401, b"Access denied due to missing subscription key"), F, Outcome.AUTH, "key"),
    Mode(8, "302 to a page about keys", CENSUS, status(302, b"", Location="https://api.census.gov/data/missing_key.html"), F, Outcome.AUTH, "key"),
    Mode(9, "413 queued", ("eurostat",), status(413, _ASYNC), P, Outcome.QUEUED, "next night"),
    Mode(9, "200 warning: queued", ("eurostat",), status(200, _ASYNC.replace(b"error", b"warning")), P, Outcome.QUEUED, "queued"),
    Mode(9, "200 SOAP: queued for ever", ("eurostat",), status(200, _SOAP), P, Outcome.QUEUED, "SUBMITTED"),
    Mode(10, "413 too big, whatever is asked", ("eurostat", "oecd"), status(413, _BIG), F, Outcome.TOO_LARGE, "split"),
    Mode(10, "400 too much data", ("uis",), status(400, _MUCH), F, Outcome.TOO_LARGE, "split"),
    Mode(11, "404 not available", ("eurostat", "oecd"), status(404, _GONE), F, Outcome.GONE, "successor"),
    Mode(11, "400 no results", ("eurostat",), status(400, _NONE), F, Outcome.TRUNCATED, "announced"),
    Mode(11, "404", ("statcan", *NATIONAL), status(404, HTML), F, Outcome.GONE, "successor"),
    Mode(12, "204", CENSUS, status(204), Step.NOT_YET_PUBLISHED, Outcome.EMPTY),
    Mode(13, "200 HTML", ALL, status(200, HTML, Content_Type="text/html"), F, Outcome.BLOCKED, "HTML page"),
    Mode(14, "403 HTML", ALL, status(403, HTML), F, Outcome.BLOCKED, "CLUSTERKPI_CONTACT"),
    Mode(15, "gzip that is not announced", (*TABLES, *NATIONAL, "comtrade", "itu", "uis", "wdi"), packed_silently, Step.PROMOTED),
    Mode(15, "BOM and CRLF", (*TABLES, *NATIONAL, "comtrade", "itu", "uis", "wdi"), with_bom, Step.PROMOTED),
    Mode(16, "200 []", ("uis", "wdi"), status(200, b"[]"), F, Outcome.SCHEMA_DRIFT),
    Mode(16, "200 []", ("comtrade",), status(200, b"[]"), F, Outcome.SCHEMA_DRIFT, "data"),
    Mode(16, "200 [] for every economy", ("itu",), status(200, b"[]"), F, Outcome.TRUNCATED, "wrong id"),
    Mode(16, "200 [] for one economy of the dictionary", ("itu",), in_one_economy(status(200, b"[]")), F, Outcome.TRUNCATED, "USA"),
    Mode(17, "404 for a file to come", ("acs", "bds", "cbp", "qcew", "susb", "ustrade"), status(404, HTML), Step.NOT_YET_PUBLISHED, Outcome.NOT_YET_PUBLISHED),
    Mode(17, "header only", ("abs", "acs", "bds", "bfs", "kosis", "statsnz", "susb"), edit(lambda body: body.split(b"\n", 1)[0] + b"\n"), Step.NOT_YET_PUBLISHED, Outcome.NOT_YET_PUBLISHED),
    Mode(17, "header only, after the list of areas", ("estat",), edit(lambda body: body.split(b"\n", 1)[0] + b"\n"), F, Outcome.TRUNCATED, "the table did not"),
    Mode(19, "text in a number", (*TABLES, *NATIONAL), lines(text_in_a_number), Step.PROMOTED, None, "1 more quarantined"),
    Mode(19, "text in a number (JSON)", ("uis", "wdi"), json_edit(text_in_first_value), Step.PROMOTED, None, "1 more quarantined"),
    Mode(19, "text in a number (JSON)", ("comtrade",), comtrade(spoilt("primaryValue", "n.a.")), Step.PROMOTED, None, "1 more quarantined"),
    Mode(19, "text in a number (JSON)", ("itu",), in_one_economy(json_edit(text_in_first_answer)), Step.PROMOTED, None, "1 more quarantined"),
    Mode(21, "a field less", ("comtrade",), comtrade(lambda rows: [{k: v for k, v in row.items() if k != "primaryValue"} for row in rows]), F, Outcome.SCHEMA_DRIFT, "primaryValue"),
    Mode(21, "a field less", ("itu",), json_edit(lambda rows: [{k: v for k, v in row.items() if k != "answer"} for row in rows]), F, Outcome.SCHEMA_DRIFT, "answer"),
    Mode(21, "required column renamed", (*TABLES, *ZIPS, *NATIONAL, "statcan"), edit(renamed), F, Outcome.SCHEMA_DRIFT),
    Mode(21, "column of areas renamed", ("acs",), edit(lambda body: body.replace(b"GEO_ID", b"GEOID", 1)), F, Outcome.SCHEMA_DRIFT, "GEO_ID"),
    Mode(21, "a workbook less", ("bea",), without_a_member, F, Outcome.TRUNCATED, "workbooks"),
    Mode(21, "a column more", (*TABLES, *ZIPS, "abs", "kosis", "statcan", "statsnz"), edit(widened), Step.PROMOTED),
    Mode(21, "a column that is no known measure", ("estat",), edit(widened), Step.PROMOTED, None, "16 more quarantined"),
    Mode(21, "the file about the table is not in the archive", ("statcan",), without_a_member, F, Outcome.TRUNCATED, "33100270_MetaData.csv is missing"),
    Mode(21, "a year less", ("baci",), without_a_year, F, Outcome.TRUNCATED, "a member is missing"),
    Mode(22, "cut in the middle", ALL, cut, F, Outcome.TRANSIENT, "next night"),
    Mode(22, "one byte of an archive flipped", (*ZIPS, "bea", "statcan"), flipped, F, Outcome.TRANSIENT),
    Mode(22, "a row less than announced", ("wdi",), json_edit(one_row_less), F, Outcome.TRUNCATED, "announced"),
    Mode(22, "a row less than counted", ("comtrade",), json_edit(lambda reply: {**reply, "data": reply["data"][:-1]}), F, Outcome.TRUNCATED, "were counted"),
    Mode(22, "a year less than available", ("comtrade",), comtrade(lambda rows: [row for row in rows if row["period"] != rows[0]["period"]]), F, Outcome.TRUNCATED, "listed as available"),
    Mode(22, "one row less", ("eurostat",), lines(without_one), F, Outcome.TRUNCATED, "were announced"),
    Mode(22, "a class of size less", ("susb",), lines(lambda rows: rows[:3] + rows[4:]), F, Outcome.TRUNCATED, "rows are missing"),
    Mode(22, "one row less", ("bds", "bfs", "statcan", "usda", "ustrade", *NATIONAL), lines(without_one), F, Outcome.TRUNCATED, "rows are missing"),
    Mode(23, "rows in other order", (*TABLES, *NATIONAL), lines(lambda rows: rows[::-1]), Step.UNCHANGED, None, "", False),
    Mode(23, "packed again", (*ZIPS, "bea", "statcan"), edit(lambda body: body), Step.UNCHANGED, None, "", False),
    Mode(23, "another elapsed time, rows in other order", ("comtrade",), comtrade(lambda rows: rows[::-1], elapsedTime="9 secs"), Step.UNCHANGED, None, "", False),
    Mode(23, "rows in other order", ("itu",), json_edit(lambda rows: rows[::-1]), Step.UNCHANGED, None, "", False),
    Mode(24, "a row twice", ("comtrade",), comtrade(lambda rows: [*rows, rows[-1]]), Step.PROMOTED, None, "1 more quarantined"),
    Mode(24, "a part beside the total", ("comtrade",), comtrade(lambda rows: [*rows, {**rows[-1], "customsCode": "C01"}]), Step.PROMOTED, None, "1 more quarantined"),
    Mode(24, "a row twice", ("abs", "bds", "kosis", "statcan", "statsnz", "susb"), lines(lambda rows: [*rows, rows[-1]]), Step.PROMOTED, None, "1 more quarantined"),
    Mode(24, "a row of five periods twice", ("usda",), lines(lambda rows: [*rows, rows[0]]), Step.PROMOTED, None, "20 more quarantined"),
    Mode(24, "a row of twelve months twice", ("bfs",), lines(lambda rows: [*rows, rows[-1]]), Step.PROMOTED, None, "12 more quarantined"),
    Mode(24, "a row twice", ("eurostat", "oecd"), lines(lambda rows: [*rows, rows[-1]]), F, Outcome.TRUNCATED, "announced"),
    Mode(25, "two rows in five vanish", ("oecd", *ZIPS), lines(without_40_percent), H, None, "gone"),
    Mode(25, "two rows in five vanish", ("eurostat",), lines(without_40_percent), F, Outcome.TRUNCATED, "were announced"),
    Mode(25, "two rows in five vanish", ("bds", "bfs", "statcan", "susb", "usda", "ustrade", *NATIONAL), lines(without_40_percent), F, Outcome.TRUNCATED, "rows are missing"),
    Mode(25, "two rows in five vanish, the nation among them", ("acs",), lines(without_40_percent), F, Outcome.TRUNCATED, "no row for nation"),
    Mode(25, "two rows in five vanish", ("comtrade",), comtrade(without_40_percent), H, None, "gone"),
    Mode(25, "two rows in five vanish", ("itu",), json_edit(without_40_percent), H, None, "gone"),
    Mode(25, "two rows in five of one year vanish", ("baci",), one_member, H, None, "lost more than"),
    Mode(25, "two records in five vanish", ("uis", "wdi"), json_edit(fewer_json), H, None, "gone"),
    Mode(0, "connection refused", ALL, lambda _u, r: replace(r, sent=0), F, Outcome.TRANSIENT, "next night"),
)  # fmt: skip
