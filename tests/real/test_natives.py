"""Every native file: judged, proven, parsed, and no row unaccounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.sources.base import discover
from tests.real.native import Native, account, natives, others, reply_of

pytestmark = pytest.mark.real


@pytest.mark.parametrize("native", natives(), ids=lambda native: native.files)
def test_every_row_is_promoted_or_quarantined(
    native: Native, real_data: Path, tmp_path: Path
) -> None:
    paths = sorted(real_data.glob(native.files))
    assert paths, f"no file matches {native.files}"
    for path in paths:
        part, reply = reply_of(native, path, real_data, tmp_path)
        for line in account(discover()[native.source], part, [reply], path.name):
            assert line.balanced and line.promoted > 0
            assert not line.quarantined, f"{line.file}: {line.quarantined}"


def test_every_row_of_a_table_laid_out_anew_is_accounted_for(real_data: Path) -> None:
    lines = list(others(real_data))
    assert lines
    for line in lines:
        assert line.balanced and line.promoted > 0, line.file
        assert not line.quarantined, f"{line.file}: {line.quarantined}"
