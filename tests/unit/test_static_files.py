"""Semantics of a static host: conditional requests and byte ranges."""

from __future__ import annotations

import httpx2 as httpx
import pytest

from pipelines.http.static_files import static_response

BODY = b"0123456789"
TAG = '"v1"'
DAY = "Thu, 24 Feb 2022 00:00:00 GMT"


def ask(method: str = "GET", etag: str = TAG, body=BODY, **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    request = httpx.Request(method, "https://host.test/file", headers=sent)
    return static_response(request, body, etag, DAY, "text/csv")


def test_whole_file_with_its_validators() -> None:
    reply = ask()
    assert (reply.status_code, reply.content) == (200, BODY)
    assert reply.headers["etag"] == TAG
    assert reply.headers["last-modified"] == DAY
    assert reply.headers["accept-ranges"] == "bytes"
    assert reply.headers["content-length"] == "10"
    assert reply.headers["content-type"] == "text/csv"


def test_head_announces_the_length_without_the_body() -> None:
    reply = ask("HEAD", range="bytes=2-3")
    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["content-length"] == "10"


def test_other_methods_are_not_allowed() -> None:
    reply = ask("POST")
    assert reply.status_code == 405
    assert reply.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if_none_match": TAG}, 304),
        ({"if_none_match": f'"v0", {TAG}'}, 304),
        ({"if_none_match": f"W/{TAG}"}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": '"v0"'}, 200),
        ({"if_modified_since": DAY}, 304),
        ({"if_modified_since": "Fri, 25 Feb 2022 00:00:00 GMT"}, 304),
        ({"if_modified_since": "Wed, 23 Feb 2022 00:00:00 GMT"}, 200),
        ({"if_modified_since": "yesterday"}, 200),
        ({"if_none_match": '"v0"', "if_modified_since": DAY}, 200),
        ({"if_none_match": TAG, "range": "bytes=2-3"}, 304),
    ],
)
def test_conditional_requests(headers: dict[str, str], status: int) -> None:
    reply = ask(**headers)
    assert reply.status_code == status
    assert reply.content == (BODY if status == 200 else b"")
    assert reply.headers["etag"] == TAG


def test_not_modified_does_not_make_the_body() -> None:
    assert ask(body=lambda: pytest.fail("was made"), if_none_match=TAG).status_code == 304
    assert ask(body=lambda: BODY).content == BODY


@pytest.mark.parametrize(
    ("wanted", "content", "span"),
    [
        ("bytes=4-", b"456789", "4-9"),
        ("bytes=2-3", b"23", "2-3"),
        ("bytes=8-99", b"89", "8-9"),
        ("bytes=-3", b"789", "7-9"),
        ("bytes=-99", BODY, "0-9"),
    ],
)
def test_ranges(wanted: str, content: bytes, span: str) -> None:
    reply = ask(range=wanted)
    assert (reply.status_code, reply.content) == (206, content)
    assert reply.headers["content-range"] == f"bytes {span}/10"
    assert reply.headers["content-length"] == str(len(content))


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=-0"])
def test_a_range_behind_the_end(wanted: str) -> None:
    reply = ask(range=wanted)
    assert reply.status_code == 416
    assert reply.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize("wanted", ["bytes=5-2", "bytes=-", "lines=1-2", "bytes=0-1,4-5"])
def test_a_range_that_cannot_be_read_is_ignored(wanted: str) -> None:
    reply = ask(range=wanted)
    assert (reply.status_code, reply.content) == (200, BODY)


@pytest.mark.parametrize(
    ("if_range", "etag", "status"),
    [
        (TAG, TAG, 206),
        ('"v0"', TAG, 200),
        (DAY, TAG, 206),
        ("Wed, 23 Feb 2022 00:00:00 GMT", TAG, 200),
        ('W/"v1"', 'W/"v1"', 200),
    ],
)
def test_if_range_resumes_the_same_version_only(if_range: str, etag: str, status: int) -> None:
    reply = ask(etag=etag, range="bytes=4-", if_range=if_range)
    assert reply.status_code == status
    assert reply.content == (b"456789" if status == 206 else BODY)
