"""Properties of contracts and classifier on anything, and mutated replies through every parser."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import contracts
from pipelines.contracts import Column, Table
from pipelines.http.classify import Media, Outcome, classify, retry_after_seconds
from tests.replies import WHEN
from tests.stub.fuzz import made_zeros, run
from tests.stub.matrix import PARTS

TABLE = Table(
    "t",
    (
        Column("code", required=True, pattern=r"[A-Z]{2}"),
        Column("count", "integer", codes={"D": "suppressed"}, minimum=0),
        Column("share", "number", missing=(":",), maximum=1e6),
    ),
    key=("code",),
)
cell = st.one_of(
    st.none(),
    st.text(max_size=6),
    st.sampled_from(["DE", "NA", "D", ":", "nan", "inf", "-inf", "1e999", "0", "-1", "7", "0.5"]),
)


@given(st.lists(st.tuples(cell, cell, cell), max_size=30))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_every_row_is_promoted_or_quarantined_and_every_figure_is_finite(
    rows: list[tuple[str | None, str | None, str | None]],
) -> None:
    frame = pl.DataFrame({"_row_no": range(1, len(rows) + 1)}, schema={"_row_no": pl.Int64}).hstack(
        pl.DataFrame(
            rows, schema=dict.fromkeys(("code", "count", "share"), pl.String), orient="row"
        )
    )
    gated = contracts.apply(TABLE, frame, "test")
    assert gated.good.height + gated.bad.height == len(rows)
    assert gated.good["share"].drop_nulls().is_finite().all()
    texts = dict(zip(frame["_row_no"], frame["count"], strict=True))
    for number, count, status in gated.good.select("_row_no", "count", "count_status").iter_rows():
        text = (texts[number] or "").strip()
        assert (status == "suppressed") == (text == "D")
        assert (count == 0) <= (text.lstrip("+-0") == "")  # a 0 was a 0
        assert (count is None) == (text in ("", "D"))


@given(st.binary(max_size=300), st.sampled_from(list(Media)), st.sampled_from([200, 206, 404, 503]))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_anything_gets_an_outcome_and_pages_are_never_data(
    body: bytes, media: Media, status: int
) -> None:
    assert isinstance(classify(status, {}, body, media).outcome, Outcome)
    page = classify(200, {}, b"<!DOCTYPE html>" + body, media)
    assert page.outcome is Outcome.TRANSIENT
    assert classify(200, {}, b"", media).outcome is not Outcome.OK


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_retry_after_is_seconds_or_nothing(text: str) -> None:
    seconds = retry_after_seconds(text, WHEN)
    assert seconds is None or seconds >= 0


def test_a_zero_out_of_nothing_is_found() -> None:
    texts = ["D", "0", "-0.00", "0e3", "", "5"]
    rows = pl.DataFrame({"_row_no": range(1, 7), "count": texts})
    good = pl.DataFrame({"_row_no": range(1, 7), "count": [0, 0, 0, 0, 0, 5]})
    assert made_zeros(TABLE, rows, good) == ["count: 0 out of 'D'", "count: 0 out of ''"]


def test_mutated_replies_are_refused_quarantined_or_sound() -> None:
    counts, crashes = run(450, seed=7)
    assert crashes == []
    assert sum(counts.values()) == 450 and {source for source, _ in counts} == set(PARTS)
    assert {"refused: layout", "refused: incomplete"} <= {kind for _, kind in counts}
