"""Pictures of every view for docs/dashboards.md, from the demo release.

    python docs/screenshots.py --address http://127.0.0.1:8501 [--only NAME]

A server has to be running (`make dashboard`). Pictures go to docs/img, in few colours, so that
each stays below 150 kB.
"""

from __future__ import annotations

import argparse
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parent / "img"
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
MOST_BYTES = 150_000
DESKTOP, TALL, PHONE = (1280, 900), (1280, 1250), (400, 860)
COMPLETE = (
    "() => document.querySelector('[data-testid=\"stApp\"]')"
    "?.getAttribute('data-test-script-state') === 'notRunning'"
    " && !document.querySelector('[data-stale=\"true\"]')"
    " && !document.querySelector('[data-testid=\"stSkeleton\"]')"
)


@dataclass(frozen=True)
class Shot:
    """One picture: its name, the view, how wide and high, and what is scrolled to."""

    name: str
    address: str
    size: tuple[int, int] = DESKTOP
    scheme: str = "light"
    scroll_to: str = ""


PASSPORT = (
    "passport?indicator=location_quotient&basis=cbp_employment&cluster=automotive"
    "&geo=USA-FIPS-06037&period=2020"
)
SHOTS = (
    Shot("overview", "", TALL),
    Shot("overview_phone", "", PHONE),
    Shot("economy", "economy?economy=Peru", TALL),
    Shot("economy_phone_dark", "economy?economy=Peru", PHONE, "dark"),
    Shot("guideline", "g1_infrastructure", TALL),
    Shot("indicator_dark", "indicator", TALL, "dark"),
    Shot("compare", "compare"),
    Shot("clusters_dark", "clusters?level=US+counties", TALL, "dark"),
    Shot("region", "region?region_level=US+states&region_state=California", TALL),
    Shot("exports", "exports", TALL),
    Shot("enclaves", "enclaves", TALL),
    Shot("people", "people", TALL),
    Shot("ict", "ict", TALL),
    Shot("entry_dark", "entry", TALL, "dark"),
    Shot("coverage", "coverage", TALL),
    Shot("coverage_values_dark", "coverage?coverage_show=Newest+value", DESKTOP, "dark"),
    Shot("passport", PASSPORT, TALL),
    Shot("passport_sources_dark", PASSPORT, DESKTOP, "dark", ".ck-cards"),
    Shot("passport_phone", PASSPORT, PHONE),
    Shot("quality", "quality"),
    Shot("quality_revisions", "quality", scroll_to="text=What changed since a release"),
    Shot("methodology", "methodology"),
    Shot("workbench", "workbench"),
)


def small_png(shot: bytes) -> bytes:
    """The picture in few colours, as few as it takes."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    for colours in (128, 64, 32):
        out = io.BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() < MOST_BYTES:
            break
    return out.getvalue()


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="http://127.0.0.1:8501")
    parser.add_argument("--only", help="only the picture of this name")
    given = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    chromium = next(path for path in CHROMIUM if Path(path).exists())
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for shot in SHOTS:
            if given.only and shot.name != given.only:
                continue
            width, height = shot.size
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=shot.scheme
            )
            page.goto(f"{given.address}/{shot.address}")
            page.wait_for_selector("h1", timeout=60_000)
            page.wait_for_function(COMPLETE, timeout=60_000)
            page.wait_for_timeout(1200)
            if shot.scroll_to:
                page.locator(shot.scroll_to).first.evaluate("e => e.scrollIntoView()")
                page.wait_for_timeout(600)
            data = small_png(page.screenshot())
            (FOLDER / f"{shot.name}.png").write_bytes(data)
            print(f"{shot.name}: {len(data) / 1000:.0f} kB", flush=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
