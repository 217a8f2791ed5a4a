"""What the files of the U.S. Census Bureau have in common.

Belongs here: the licence, the marks in number cells, how the newest release is found. Does not
belong here: any program's layout (its module).
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.http.classify import Outcome
from pipelines.sources.base import Answer, Licence

# Flags beside a figure. Under D and S the figure is printed as 0, which is no zero.
NOISE_FLAGS = ("G", "H", "J", "D", "S", "N")


def licence(program: str) -> Licence:
    """The terms of a program's files."""
    return Licence(
        "US-PD",
        "U.S. Government work, public domain",
        "https://www.census.gov/about/policies/open-gov/open-data.html",
        f"U.S. Census Bureau, {program}",
    )


def next_release(answers: Sequence[Answer], newest: int, oldest: int) -> int | None:
    """The release to ask for after these answers: from `newest` downwards until one is there.

    A release is announced by nothing but its file: 404 means that it is not published yet.
    """
    if answers and answers[-1].outcome is not Outcome.NOT_YET_PUBLISHED:
        return None
    release = newest - len(answers)
    return release if release >= oldest else None
