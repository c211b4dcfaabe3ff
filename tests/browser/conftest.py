"""A served app and a real Chromium, once a session."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import kept
import pytest
from cube_reader import CubeReader
from ports import free_port
from servers import Server

playwright = pytest.importorskip("playwright.sync_api")

SCREENSHOTS = Path(__file__).parent / "screenshots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FIND = """
(id) => {
  const walk = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.dataset && element.dataset.testid === id) return element
      const found = element.shadowRoot && walk(element.shadowRoot)
      if (found) return found
    }
    return null
  }
  return walk(document)
}
"""
STATE = f"(id) => ({FIND})(id)?.dataset.state"
# The server follows the address of an open page both ways.
FOLLOW = """
(query) => {
  const models = Bokeh.documents.flatMap((each) => [...each.all_models])
  models.find(({ type }) => type.endsWith(".Location")).search = query
}
"""
SCROLL_BACK = """
() => {
  const walk = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.matches('.dt-scroll') && element.scrollTop) element.scrollTop = 0
      if (element.shadowRoot) walk(element.shadowRoot)
    }
  }
  walk(document)
  scrollTo(0, 0)
  document.activeElement?.blur()
}
"""


def chromium_path():
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    found = next((shutil.which(name) for name in names if name and shutil.which(name)), None)
    assert found, "there is no Chromium; `make browser` installs it"
    return found


@pytest.fixture(scope="session")
def wide_log():
    """A training log of ResNet-50's true sizes, of 1,000 classes."""
    return kept.wide_log()


@pytest.fixture(scope="session")
def wide_store():
    """The store of `wide_log`."""
    with kept.untouched(kept.wide_store()) as store:
        yield store


@pytest.fixture(scope="session")
def app(digits_store):
    """The address of the digits page, served by the command line in a process of its own."""
    yield from served(digits_store)


@pytest.fixture(scope="session")
def wide_app(wide_store):
    """The address of the page of the run with 1,000 classes."""
    yield from served(wide_store)


@pytest.fixture(scope="session")
def serve_stores():
    """A generator of the address at which stores are served, for a module's own ones."""
    return served


def served(*stores):
    port = free_port()
    command = [sys.executable, "-m", "deeptracker.cli", "serve", *map(str, stores)]
    command += ["--port", str(port), "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    first = process.stdout.readline()
    address = next(word for word in first.split() if word.startswith("http"))
    for _ in range(120):
        try:
            urllib.request.urlopen(address, timeout=60).read()
            break
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.5)
    yield address
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="session")
def driver():
    with playwright.sync_playwright() as driver:
        yield driver.chromium


@pytest.fixture(scope="session")
def profile(driver, tmp_path_factory):
    """A Chromium that keeps the app's scripts, compiled: a person's after the first day."""
    folder = tmp_path_factory.mktemp("profile")
    chromium = driver.launch_persistent_context(folder, executable_path=chromium_path(), args=FLAGS)
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def browser(driver):
    """A Chromium whose pages share nothing: each is that of another person."""
    chromium = driver.launch(executable_path=chromium_path(), args=FLAGS)
    yield chromium
    chromium.close()


@pytest.fixture
def server_of():
    servers = []

    def make(*stores):
        servers.append(Server(*stores))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


class Person:
    """Someone at the page: finds charts by name, reads what they draw, clicks where it is drawn."""

    def __init__(self, page):
        self.page = page
        self.requests = []
        self.errors = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, address):
        # Without choices the page opens on what happened.
        place, _, query = address.partition("?")
        self.page.goto(f"{place}?{query or 'v=validation'}")
        self.wait_for("timeline")

    def follow(self, query):
        """Set the link of the open page; the server answers a moment later."""
        self.page.evaluate(FOLLOW, query)

    def place(self):
        """What a page that several tests share must be left with: its link, its theme."""
        return sorted(parse_qsl(self.query())), (self.state("header") or {}).get("theme")

    def element(self, name):
        return self.page.evaluate_handle(FIND, name).as_element()

    def wait(self, condition, what, seconds=40):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                found = condition()
            except (TypeError, KeyError, StopIteration, AttributeError):
                found = None
            if found:
                return found
            self.page.wait_for_timeout(25)
        message = f"waited {seconds} s for {what}; the page says {self.errors}"
        raise AssertionError(message)

    def wait_for(self, name):
        return self.wait(lambda: self.state(name), name)

    def state(self, name):
        text = self.page.evaluate(STATE, name)
        return json.loads(text) if text else None

    def row(self, chart, key):
        """Give a row of a chart, once it has come: the chart is there before its rows."""
        return self.wait(
            lambda: next(row for row in self.state(chart)["rows"] if row["id"] == key),
            f"the row {key} of {chart}",
        )

    def column_x(self, chart, column):
        state = self.state(chart)
        count = state["last"] - state["first"] + 1
        return state["left"] + (column - state["first"] + 0.5) * state["span"] / count

    def bring(self, chart, key):
        """Scroll a row of a chart into sight, and give where it stands on the page."""
        element = self.element(chart)
        element.scroll_into_view_if_needed()
        top = self.row(chart, key)["top"]
        element.evaluate(
            "(e, top) => {const s = e.querySelector('.dt-scroll'); if (s) s.scrollTop = top - 60}",
            top,
        )
        box = element.query_selector(".dt-scroll canvas").bounding_box()
        scrolled = element.query_selector(".dt-scroll").evaluate("e => e.scrollTop")
        return box["x"], box["y"] + top - scrolled

    def click(self, chart, key, column, line=0, modifiers=None):
        x, y = self.bring(chart, key)
        row = self.row(chart, key)
        height = row["height"] / max(1, row["lines"])
        place = self.column_x(chart, column), (line + 0.5) * height if line >= 0 else 5
        if modifiers:
            self.page.keyboard.down(modifiers)
        self.page.mouse.click(x + place[0], y + place[1])
        if modifiers:
            self.page.keyboard.up(modifiers)

    def click_label(self, chart, key, x_in=60):
        x, y = self.bring(chart, key)
        self.page.mouse.click(x + x_in, y + 8)

    def colour(self, chart, x, y):
        """The colour drawn at a place of a chart's canvas, as (r, g, b)."""
        script = """
        (e, [x, y]) => {
          const canvas = e.querySelector('canvas'), ratio = canvas.width / canvas.clientWidth
          const place = [Math.floor(x * ratio), Math.floor(y * ratio), 1, 1]
          return [...canvas.getContext('2d').getImageData(...place).data]
        }
        """
        return tuple(self.element(chart).evaluate(script, [x, y])[:3])

    def pixel(self, chart, key, column, line=0):
        """Read back the colour that is drawn at a column of a row: (red, green, blue)."""
        y = self.bring(chart, key)[1]
        row = self.row(chart, key)
        height = row["height"] / max(1, row["lines"])
        canvas = self.element(chart).query_selector(".dt-scroll canvas")
        box = canvas.bounding_box()
        self.page.wait_for_timeout(100)
        return tuple(
            canvas.evaluate(
                "(c, [x, y]) => { const scale = c.width / c.clientWidth, at = c.getContext('2d')"
                ".getImageData(Math.round(x * scale), Math.round(y * scale), 1, 1);"
                "return [...at.data].slice(0, 3) }",
                [self.column_x(chart, column), y - box["y"] + (line + 0.4) * height],
            )
        )

    def hover(self, chart, key, column, line=0, dy=None):
        """Point at a column of a row, and give the lines of the card that opens."""
        x, y = self.bring(chart, key)
        row = self.row(chart, key)
        height = row["height"] / max(1, row["lines"])
        dy = (line + 0.4) * height if dy is None else dy
        self.page.mouse.move(x + self.column_x(chart, column) - 2, y + dy)
        self.page.mouse.move(x + self.column_x(chart, column), y + dy)
        card = self.element(chart).query_selector(".dt-readout:not([hidden])")
        return [line.inner_text() for line in card.query_selector_all("div")] if card else []

    def scrolls_across(self):
        return self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )

    def query(self):
        return urlsplit(self.page.url).query

    def shot(self, name):
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    def tab(self, name):
        self.page.get_by_text(name, exact=True).first.click()


def new_person(profile, width=1280, height=900, color_scheme="light"):
    page = profile.new_page()
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=color_scheme)
    return Person(page)


def leave(profile, people):
    """Close pages, and drop what they have stored."""
    for person in people:
        person.page.close()
    forget(profile, {"/".join(url.split("/")[:3]) for one in people for url in one.requests})


@pytest.fixture
def visit(profile):
    """Give a function that opens a page of the size and theme asked for, as on a first visit."""
    people = []

    def bring(**kind):
        people.append(new_person(profile, **kind))
        return people[-1]

    yield bring
    leave(profile, people)


@pytest.fixture(scope="module")
def open_pages(profile):
    """Pages of a module's tests by address and size: each with what it was opened with."""
    pages = {}
    yield pages
    leave(profile, [person for person, _ in pages.values()])


@pytest.fixture
def shared(profile, open_pages):
    """Give a function that opens an address, or gives the page that another test has open there.

    A test that changes the page's link or theme has its page closed: the next opens one of its own.
    """
    used = {}

    def bring(address, **size):
        key = (address, *sorted(size.items()))
        if key not in open_pages:
            person = new_person(profile, **size)
            person.open(address)
            open_pages[key] = person, person.place()
        used[key] = person = open_pages[key][0]
        person.page.bring_to_front()
        person.page.mouse.move(0, 0)
        person.page.evaluate(SCROLL_BACK)
        return person

    yield bring
    for key, person in used.items():
        if person.errors or person.place() != open_pages[key][1]:
            leave(profile, [open_pages.pop(key)[0]])


@pytest.fixture
def shared_cube(shared):
    """Give a function that gives the cube of a page that tests share."""

    def bring(address, query="", **size):
        cube = CubeReader(shared(f"{address}?v=correlation{query and '&' + query}", **size))
        cube.settled()
        return cube

    return bring


def forget(profile, origins):
    """Drop what pages of some origins have stored, but no script."""
    profile.clear_cookies()
    session = profile.new_cdp_session(profile.pages[0])
    for origin in origins:
        kinds = {"origin": origin, "storageTypes": "local_storage"}
        session.send("Storage.clearDataForOrigin", kinds)
    session.detach()


@pytest.fixture
def person(visit):
    return visit()
