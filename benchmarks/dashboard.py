"""Open the page cold and pick iterations, in a real Chromium.

    python benchmarks/dashboard.py                            # ResNet-50, 1,000 classes, made first
    python benchmarks/dashboard.py --store /data/run.dtstore  # an existing store

*Cold* is a new browser context: from navigation until the timeline and the validation view are
drawn, with a server that has answered once before. *Linked* is from the mouse button's release on
the timeline until a view has drawn the picked iteration. Each view is measured in turn, on its own
page; a run without outcomes opens on its layers. *Unfolding* is from the click on a node of the
layer view until the rows below it are drawn, *search* from a key in the search field until its
suggestions are listed. Needs Playwright and a Chromium; `make browser` installs both.
"""

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.table import Table
from serving import serve
from synthesize import synthesize

from deeptracker.dashboard.data.run import Run
from deeptracker.pipeline import process

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
# Plots live in shadow roots: every search walks them.
FIND = """
window.dtFind = (id) => {
  const walk = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.dataset && element.dataset.testid === id && element.dataset.state) return element
      const found = element.shadowRoot && walk(element.shadowRoot)
      if (found) return found
    }
    return null
  }
  return walk(document)
}
"""
# Each view's chart, and the part of its state that holds the pick.
LINKED = {
    "validation": ("validation", "picked"),
    "layers": ("layers", "picked"),
    "correlation": ("cube", "picks.iteration"),
}
BAR_COLD_MS, BAR_LINKED_MS, BAR_UNFOLD_MS, BAR_SEARCH_MS = 2000.0, 150.0, 150.0, 150.0
DRAWN = "(chart) => window.dtFind('timeline') && window.dtFind(chart) ? performance.now() : 0"
WATCH = """
([chart, path]) => {
  window.dtLinked = new Promise((resolve, reject) => {
    setTimeout(() => reject(`${chart} did not follow a pick within 30 s`), 30000)
    let released = 0
    window.addEventListener('pointerup', () => { released = performance.now() },
      {capture: true, once: true})
    const element = window.dtFind(chart)
    const state = () => JSON.parse(element.dataset.state)
    const picked = () => path.split('.').reduce((at, key) => at[key], state())
    const before = String(picked())
    new MutationObserver((_, observer) => {
      if (String(picked()) === before) return
      observer.disconnect()
      requestAnimationFrame(() => resolve(performance.now() - released))
    }).observe(element, {attributes: true, attributeFilter: ['data-state']})
  })
}
"""
UNFOLDED = """
() => {
  window.dtUnfolded = new Promise((resolve, reject) => {
    setTimeout(() => reject('the rows did not change within 30 s'), 30000)
    let released = 0
    window.addEventListener('pointerup', () => { released = performance.now() },
      {capture: true, once: true})
    const element = window.dtFind('layers')
    const state = () => JSON.parse(element.dataset.state)
    const before = state().total
    new MutationObserver((_, observer) => {
      const now = state()
      if (!released || now.total === before || !now.is_sent) return
      observer.disconnect()
      requestAnimationFrame(() => resolve(performance.now() - released))
    }).observe(element, {attributes: true, attributeFilter: ['data-state']})
  })
}
"""
# From the key until the frame after the one that lists what was found.
LISTED = """
() => {
  window.dtListed = new Promise((resolve) => {
    window.addEventListener('keydown', (event) => {
      const field = event.target.shadowRoot?.activeElement || event.composedPath()[0]
      field.addEventListener('input', () => {
        requestAnimationFrame(() => resolve(performance.now() - event.timeStamp))
      }, {once: true})
    }, {capture: true, once: true})
  })
}
"""
LABEL_X, LABEL_Y = 60, 8


def cold(browser: Browser, address: str, view: str) -> tuple[Page, float]:
    """Open a view's page in a new context; give it and the seconds until it was drawn."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(FIND)
    query = "" if "?" in address else f"?v={view}"
    page.goto(f"{address}{query}", wait_until="commit")
    drawn = page.wait_for_function(DRAWN, arg=LINKED[view][0], polling="raf", timeout=60_000)
    return page, float(drawn.json_value()) / 1e3


def linked(page: Page, view: str, place: float) -> float:
    """Click the timeline at a share of its width; give the seconds until a view follows."""
    timeline = page.evaluate_handle("() => window.dtFind('timeline')").as_element()
    state = json.loads(timeline.get_attribute("data-state"))
    box = timeline.query_selector("canvas").bounding_box()
    page.evaluate(WATCH, LINKED[view])
    page.mouse.click(box["x"] + state["left"] + place * state["span"], box["y"] + 30)
    return float(page.evaluate("() => window.dtLinked")) / 1e3


def followed(browser: Browser, address: str, view: str, repeats: int) -> list[float]:
    """Pick iterations while a view is open; give the seconds until it has drawn each."""
    page, _ = cold(browser, address, view)
    page.wait_for_timeout(1000)
    places = np.random.default_rng(0).permutation(np.linspace(0.05, 0.95, 2 * repeats))
    seconds = []
    for place in places:
        seconds.append(linked(page, view, float(place)))
        # Wait as a person would between clicks, until animations have ended.
        page.wait_for_timeout(300)
    page.context.close()
    return seconds


def unfolded(browser: Browser, address: str, repeats: int) -> list[float]:
    """Unfold modules of the layer view, and fold them again; give the seconds of each."""
    page, _ = cold(browser, f"{address}?v=layers", "layers")
    page.wait_for_timeout(1000)
    element = page.evaluate_handle("() => window.dtFind('layers')").as_element()
    element.scroll_into_view_if_needed()
    box = element.query_selector(".dt-scroll canvas").bounding_box()
    rows = json.loads(element.get_attribute("data-state"))["rows"]
    row = next(row for row in rows[1:] if row["id"].startswith("node:"))
    seconds = []
    for _ in range(2 * repeats):
        page.evaluate(UNFOLDED)
        page.mouse.click(box["x"] + LABEL_X, box["y"] + row["top"] + LABEL_Y)
        seconds.append(float(page.evaluate("() => window.dtUnfolded")) / 1e3)
        page.wait_for_timeout(300)
    page.context.close()
    return seconds


def searched(browser: Browser, address: str, words: str, view: str) -> list[float]:
    """Type into the search field; give the seconds of each key."""
    page, _ = cold(browser, address, view)
    page.wait_for_timeout(1000)
    page.keyboard.press("/")
    options = page.get_by_role("dialog").get_by_role("option")
    options.first.wait_for()
    seconds = []
    for letter in words:
        page.evaluate(LISTED)
        page.keyboard.press(letter)
        seconds.append(float(page.evaluate("() => window.dtListed")) / 1e3)
    assert options.count() > 0
    page.context.close()
    return seconds


def measure(store: Path | str, repeats: int) -> list[dict[str, float | str]]:
    """Give medians and 95th percentiles, in milliseconds: the cold page, and each linked view."""
    run = Run(str(store))
    views = [view for view in LINKED if run.has_images or view == "layers"]
    name = str(run.nodes["name"][run.nodes["kind"] == "layer"][-1])
    process, address = serve(store)
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
                args=FLAGS,
            )
            cold(browser, address, views[0])[0].context.close()
            opened = []
            for _ in range(repeats):
                page, seconds = cold(browser, address, views[0])
                opened.append(seconds)
                page.context.close()
            rows = [row("cold page", views[0], opened, BAR_COLD_MS)]
            for view in views:
                seconds = followed(browser, address, view, repeats)
                rows.append(row("linked selection", view, seconds, BAR_LINKED_MS))
            rows += [
                row("unfolding", "layers", unfolded(browser, address, repeats), BAR_UNFOLD_MS),
                row("search", "-", searched(browser, address, name, views[0]), BAR_SEARCH_MS),
            ]
            browser.close()
    finally:
        process.terminate()
        process.wait(timeout=20)
    return rows


def row(what: str, view: str, seconds: list[float], bar_ms: float) -> dict[str, float | str]:
    """Give one line of the table."""
    return {
        "what": what,
        "view": view,
        "median_ms": 1e3 * statistics.median(seconds),
        "p95_ms": 1e3 * float(np.quantile(seconds, 0.95)),
        "bar_ms": bar_ms,
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", help="an existing store")
    parser.add_argument("--network", default="resnet50")
    parser.add_argument("--snapshots", type=int, default=24)
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deeptracker-") as temporary:
        store = options.store
        if not store:
            log, store = Path(temporary) / "log", Path(temporary) / "log.dtstore"
            synthesize(
                log,
                network=options.network,
                snapshots=options.snapshots,
                images=options.images,
                classes=options.classes,
            )
            process(log, store, workers=1)
        rows = measure(store, options.repeats)
    if options.json:
        print(json.dumps(rows))
        return
    table = Table("what", "view", "median (ms)", "p95 (ms)", "bar (ms)")
    for entry in rows:
        figures = (f"{entry[name]:,.0f}" for name in ("median_ms", "p95_ms", "bar_ms"))
        table.add_row(str(entry["what"]), str(entry["view"]), *figures)
    Console().print(table)


if __name__ == "__main__":
    main()
