"""The dashboards' entry point: `streamlit run dashboards/app.py`, or `clusterkpi dashboard`.

Belongs here: the list of pages, and what a visitor sees when there is no release. Does not
belong here: the pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import duckdb
import streamlit as st

from dashboards import data, links, page
from dashboards.data import Release
from dashboards.views import (
    cluster,
    compare,
    coverage,
    economy,
    enclave,
    entry,
    exports,
    guideline,
    ict,
    indicator,
    methodology,
    overview,
    passport,
    people,
    quality,
    region,
    workbench,
)
from pipelines.errors import ConfigError


@dataclass(frozen=True)
class Entry:
    """One page: where it stands in the menu, its address, and what draws it."""

    section: str
    title: str
    path: str
    render: Callable[[Release], None]


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
        asks = data.settings().sign_in
        if asks and not signed_in():
            page.sign_in()
            return
        release = data.release_in_service()
        sections = menu(release)
    except ConfigError as error:
        page.nothing_published(str(error))
        return
    except duckdb.Error as error:
        page.unreadable(str(error))
        return
    chosen = st.navigation(sections, position="hidden")
    # Streamlit's own menu with sections puts blocks into a list, which screen readers stumble over.
    with st.sidebar:
        for title, pages in sections.items():
            if title:
                st.html(f'<div class="ck-section" role="heading" aria-level="2">{title}</div>')
            for item in pages:
                st.page_link(item)
        if asks:
            st.button("Sign out", on_click=st.logout, key="sign_out")
    chosen.run()


def signed_in() -> bool:
    """The visitor has come back from the provider; never true where none is set up."""
    return st.user.get("is_logged_in") is True


def contents(release: Release) -> list[Entry]:
    """The pages, in order. A guideline has one as soon as it has an indicator."""
    known = set(data.indicators(release)["guideline_id"].to_list())
    guides = [
        Entry(
            "Guidelines",
            f"{row['guideline_no']}. {row['title']}",
            row["guideline_id"],
            partial(guideline.render, guideline_id=row["guideline_id"]),
        )
        for row in data.guidelines(release).to_dicts()
        if row["guideline_id"] in known
    ]
    structure = (
        [Entry("Structure", "Economies", "structure", guideline.render_structure)]
        if guideline.economy_structure(release).height
        else []
    )
    return [
        Entry("", "Overview", "overview", overview.render),
        Entry("", "Profile of an economy", "economy", economy.render),
        *guides,
        *structure,
        Entry("In depth", "Technology and enclaves", "enclaves", enclave.render),
        Entry("In depth", "People", "people", people.render),
        Entry("In depth", "ICT and e-commerce", "ict", ict.render),
        Entry("In depth", "Entry and rivalry", "entry", entry.render),
        Entry("Explore", "One indicator", "indicator", indicator.render),
        Entry("Explore", "Compare economies", "compare", compare.render),
        Entry("Structure", "Export linkage", "exports", exports.render),
        Entry("Structure", "Clusters by region", "clusters", cluster.render),
        Entry("Structure", "Portfolio of a region", "region", region.render),
        Entry("About the figures", "Coverage", "coverage", coverage.render),
        Entry("About the figures", "Passport of a number", links.PASSPORT, passport.render),
        Entry("About the figures", "Quality and provenance", "quality", quality.render),
        Entry("About the figures", "Methodology", "methodology", methodology.render),
        *(
            [Entry("About the figures", "Workbench", "workbench", workbench.render)]
            if data.settings().workbench
            else []
        ),
    ]


def menu(release: Release) -> dict[str, list[st.Page]]:
    """The pages by section; the first one is what visitors see first."""
    sections: dict[str, list[st.Page]] = {}
    for number, item in enumerate(contents(release)):
        page_of = st.Page(
            partial(_draw, item.render, release),
            title=item.title,
            url_path=item.path,
            default=number == 0,
        )
        sections.setdefault(item.section, []).append(page_of)
    return sections


def _draw(render: Callable[[Release], None], release: Release) -> None:
    try:
        render(release)
    except duckdb.Error as error:
        page.unreadable(str(error))


if __name__ == "__main__":
    main()
