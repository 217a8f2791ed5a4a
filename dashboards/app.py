"""The dashboards' entry point: `streamlit run dashboards/app.py`, or `clusterkpi dashboard`.

Belongs here: the list of pages, and what a visitor sees when there is no release. Does not
belong here: the pages.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import duckdb
import polars as pl
import streamlit as st

from dashboards import data, page
from dashboards.data import Release
from dashboards.views import cluster, guideline, overview, quality
from pipelines.errors import ConfigError


def logo(ink: str) -> str:
    """The word mark, as SVG."""
    return (
        "<svg xmlns='http://www.w3.org/2000/svg' width='240' height='48' viewBox='0 0 240 48'>"
        "<g fill='#8ab6f2'><circle cx='14' cy='15' r='7'/><circle cx='31' cy='12' r='4.5'/>"
        "<circle cx='27' cy='31' r='9'/><circle cx='9' cy='34' r='4'/></g>"
        "<text x='48' y='32' font-family='Segoe UI, Helvetica Neue, Liberation Sans, sans-serif' "
        f"font-size='25' font-weight='700' fill='{ink}'>clusterkpi</text></svg>"
    )


def main() -> None:
    """Choose the page and draw it from the release in service."""
    st.set_page_config(
        page_title="Industrial cluster indicators", layout="wide", initial_sidebar_state="auto"
    )
    st.logo(logo("#ffffff"), icon_image=logo("#14213d"), size="large")
    try:
        release = data.release_in_service()
        sections = pages(release)
    except ConfigError as error:
        page.nothing_published(str(error))
        return
    except duckdb.Error as error:
        page.unreadable(str(error))
        return
    st.navigation(sections).run()


def pages(release: Release) -> dict[str, list[st.Page]]:
    """Pages by section. A guideline has a page as soon as it has an indicator."""
    known = set(data.indicators(release)["guideline_id"].to_list())
    guides = data.guidelines(release).filter(pl.col("guideline_id").is_in(list(known)))
    return {
        "": [_page(overview.render, release, "Overview", "overview", default=True)],
        "Guidelines": [
            _page(
                partial(guideline.render, guideline_id=row["guideline_id"]),
                release,
                f"{row['guideline_no']}. {row['title']}",
                row["guideline_id"],
            )
            for row in guides.to_dicts()
        ],
        "Structure": [_page(cluster.render, release, "Clusters by region", "clusters")],
        "About the figures": [_page(quality.render, release, "Quality and provenance", "quality")],
    }


def _page(
    render: Callable[[Release], None],
    release: Release,
    title: str,
    path: str,
    *,
    default: bool = False,
) -> st.Page:
    def draw() -> None:
        try:
            render(release)
        except duckdb.Error as error:
            page.unreadable(str(error))

    return st.Page(draw, title=title, url_path=path, default=default)


if __name__ == "__main__":
    main()
