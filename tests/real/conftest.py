"""One home with official figures, shared by all tests of this folder.

Two nights: the older World Development Indicators at hand, then the newer ones.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import steps
from pipelines.settings import PROJECT_ROOT, Settings
from tests.conftest import once_per_session

INDEX = PROJECT_ROOT / "deploy" / "replay" / "official_sample.yml"
OLDER, NEWER = "2026-03-15", "9999-12-31"


def night(home: Path, data: Path, wdi_vintage: str) -> steps.RefreshReport:
    """One night over the recording, with the series as they stood on a day."""
    settings = Settings(
        home=home,
        profile=f"replay:{INDEX}",
        replay_vars={"data": str(data), "wdi_vintage": wdi_vintage},
    )
    return steps.refresh(settings, say=lambda _line: None)


@pytest.fixture(scope="session")
def real_home(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Path:
    """One night with the older World Development Indicators, then one with the newer."""
    with once_per_session(tmp_path_factory, "real_home") as home:
        if not home.exists():
            for vintage in (OLDER, NEWER):
                report = night(home, real_data, vintage)
                assert report.release is not None and report.exit_code == 0, report.run.troubled
    return home
