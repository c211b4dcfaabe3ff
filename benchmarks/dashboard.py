"""Open the page cold and pick iterations, in a real Chromium.

    python benchmarks/dashboard.py                            # ResNet-50, 1,000 classes, made first
    python benchmarks/dashboard.py --store /data/run.dtstore  # a store that is there already

*Cold* is a new browser context: from navigation until the timeline and the validation view are
drawn, with a server that has answered once before. *Linked* is from the mouse button's release on
the timeline until the validation view has drawn the picked iteration. Needs Playwright and a
Chromium; both are there after `make browser`.
"""

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright
from serving import serve
from synthesize import synthesize

from pipeline import process

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
DRAWN = "() => window.dtFind('timeline') && window.dtFind('validation') ? performance.now() : 0"
WATCH = """
() => {
  window.dtLinked = new Promise((resolve) => {
    let released = 0
    window.addEventListener('pointerup', () => { released = performance.now() },
      {capture: true, once: true})
    const element = window.dtFind('validation')
    const before = JSON.parse(element.dataset.state).picked.join()
    new MutationObserver((_, observer) => {
      if (JSON.parse(element.dataset.state).picked.join() === before) return
      observer.disconnect()
      requestAnimationFrame(() => resolve(performance.now() - released))
    }).observe(element, {attributes: true, attributeFilter: ['data-state']})
  })
}
"""


def cold(browser: Browser, address: str) -> tuple[Page, float]:
    """Open a page in a new context; give it and the seconds until it was drawn."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(FIND)
    page.goto(address, wait_until="commit")
    drawn = page.wait_for_function(DRAWN, polling="raf", timeout=60_000)
    return page, float(drawn.json_value()) / 1e3


def linked(page: Page, place: float) -> float:
    """Click the timeline at a share of its width; give the seconds until validation follows."""
    timeline = page.evaluate_handle("() => window.dtFind('timeline')").as_element()
    state = json.loads(timeline.get_attribute("data-state"))
    box = timeline.query_selector("canvas").bounding_box()
    page.evaluate(WATCH)
    page.mouse.click(box["x"] + state["left"] + place * state["span"], box["y"] + 30)
    return float(page.evaluate("() => window.dtLinked")) / 1e3


def measure(store: Path | str, repeats: int) -> dict[str, float]:
    """Give medians and 95th percentiles, in milliseconds."""
    process, address = serve(store)
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
                args=FLAGS,
            )
            cold(browser, address)[0].context.close()
            opened = []
            for _ in range(repeats):
                page, seconds = cold(browser, address)
                opened.append(seconds)
                page.context.close()
            page, _ = cold(browser, address)
            page.wait_for_timeout(1000)
            places = np.random.default_rng(0).permutation(np.linspace(0.05, 0.95, 2 * repeats))
            picks = [linked(page, float(place)) for place in places]
            browser.close()
    finally:
        process.terminate()
        process.wait(timeout=20)
    return {
        "cold_median_ms": 1e3 * statistics.median(opened),
        "cold_p95_ms": 1e3 * float(np.quantile(opened, 0.95)),
        "linked_median_ms": 1e3 * statistics.median(picks),
        "linked_p95_ms": 1e3 * float(np.quantile(picks, 0.95)),
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", help="a store that is there already")
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
        found = measure(store, options.repeats)
    if options.json:
        print(json.dumps(found))
        return
    print(
        f"cold page: median {found['cold_median_ms']:.0f} ms, p95 {found['cold_p95_ms']:.0f} ms; "
        f"linked selection: median {found['linked_median_ms']:.0f} ms, "
        f"p95 {found['linked_p95_ms']:.0f} ms"
    )


if __name__ == "__main__":
    main()
