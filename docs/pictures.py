r"""Take the pictures of the docs from the app.

Takes two stores: that of ``make demo``, and one of 1,000 classes. That run is short, so its config
counts a change of three times the usual as an anomaly::

    python benchmarks/synthesize.py demo/wide --snapshots 24 --images 20000 --classes 1000 \
        --dtype bf16 --thumbnails 8
    echo 'anomalies: {filter_threshold: 3}' > demo/wide.yaml
    deeptracker process demo/wide --store demo/wide.dtstore --config demo/wide.yaml
    python docs/pictures.py demo/digits.dtstore demo/wide.dtstore
    python docs/pictures.py demo/digits.dtstore demo/wide.dtstore clusters weights  # only these
"""

import io
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
COLOURS = 160
DIGITS, WIDE, HOME = 0, 1, 2
PICKED = "i=[1400]"
# By picture: the store, the link, the width, the theme, and the parts of the page it is cropped to.
PICTURES: dict[str, tuple[int, str, int, str, str]] = {
    "home": (HOME, "", 1280, "light", "[data-testid=runs]"),
    "timeline": (DIGITS, "v=info&sm=0.6&ax=true", 1280, "light", ".dt-top"),
    "incidents": (DIGITS, "v=incidents", 1280, "light", ".dt-pane-a"),
    "split-dark": (DIGITS, f"v=validation&sp=beside&v2=layers&{PICKED}", 1920, "dark", "page"),
    "validation": (DIGITS, f'v=validation&oc=["3"]&{PICKED}', 1280, "light", ".dt-pane-a"),
    "clusters": (WIDE, "v=validation&cg=similarity", 1280, "light", ".dt-pane-a"),
    "gallery": (DIGITS, "v=gallery", 1280, "light", ".dt-pane-a"),
    "layers": (DIGITS, f'v=layers&on=["layer1"]&{PICKED}', 1280, "light", ".dt-pane-a"),
    "weights": (DIGITS, 'v=weights&f=[["conv1.weight",5]]', 1280, "dark", ".dt-pane-a"),
    "correlation": (DIGITS, f"v=correlation&{PICKED}", 1280, "light", ".dt-pane-a"),
    "correlation-flat": (WIDE, "v=correlation&cf=100", 1280, "light", ".dt-pane-a"),
}
MOST_HIGH = 900


def main(stores: list[str], names: list[str]) -> None:
    """Take the named pictures; all if none is named."""
    command = [sys.executable, "-m", "deeptracker.cli", "serve", *stores, "--port", "0"]
    server = subprocess.Popen([*command, "--no-browser"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        address = re.findall(r"http\S+", line)[0]
        # The home page has no name.
        runs = [*re.findall(r"shows (.*) at", line)[0].split(", "), ""]
        with sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            for name in names or PICTURES:
                store, query, width, theme, part = PICTURES[name]
                options: dict[str, Any] = {"color_scheme": theme}
                page = browser.new_page(viewport={"width": width, "height": 1300}, **options)
                page.goto(f"{address}{runs[store]}?{query}")
                take(page, name, part)
                page.close()
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=20)


def take(page: Page, name: str, part: str) -> None:
    """Save a part of a page, with few colours, once the page no longer changes."""
    page.wait_for_function("document.documentElement.dataset.dtFrame === '1'", timeout=60_000)
    before = b""
    for _ in range(20):
        page.wait_for_timeout(1200)
        shown = page.screenshot()
        if shown == before:
            break
        before = shown
    picture = Image.open(io.BytesIO(before)).convert("RGB")
    if part != "page":
        box = page.locator(part).first.bounding_box()
        assert box is not None, part
        x, y, high = box["x"], box["y"], min(box["height"], MOST_HIGH)
        picture = picture.crop((int(x), int(y), int(x + box["width"]), int(y + high)))
    else:
        picture = picture.crop((0, 0, picture.width, MOST_HIGH))
    picture.quantize(COLOURS).save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:3], sys.argv[3:])
