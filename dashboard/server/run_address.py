"""The page at a run's address; until the store can be read, it shows what it waits for."""

import logging
import weakref
from collections.abc import Callable
from typing import Any

import panel as pn

from deeptracker.dashboard.data.background import Latest, submit
from deeptracker.dashboard.data.run import Run, first_line
from deeptracker.dashboard.server.home import opening, unreachable
from deeptracker.dashboard.shell.page import RunPage
from deeptracker.dashboard.views.timeline.view import Timeline
from deeptracker.errors import DeepTrackerError, StoreError
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.store.repository import NothingCommittedError

__all__ = ["RunAddress"]

logger = logging.getLogger(__name__)

Prepared = tuple[Run, dict[str, Exception]] | Exception


class RunAddress:
    """A run's page for one person, shown as soon as the store has been read.

    The first request gets a few lines of HTML. A thread reads the store. The page is made from the
    data read, once a browser shows those lines.

    Parameters
    ----------
    name : str
        The run's name in its address.
    location : str
        The store.
    storage : StorageConfig, optional
        How its bucket is reached.
    place : panel.io.location.Location, optional
        The page's address, kept in step with the selection.
    dark : bool
        Whether the browser shows the dark theme.
    """

    def __init__(
        self,
        name: str,
        location: str,
        storage: StorageConfig | None = None,
        place: Any = None,
        *,
        dark: bool = False,
    ) -> None:
        self.location = location
        self._storage = storage
        self.page: RunPage | None = None
        self.shown = pn.Column(opening(name, location), sizing_mode="stretch_width", margin=0)
        self._place = place
        self._dark = dark
        self._shown_reason = ""
        self._is_open = False
        self._reads = Latest(location)
        # While the browser loads the scripts.
        self._first = submit(location, self._preparing())

    def panel(self) -> pn.viewable.Viewable:
        """Give the place."""
        return self.shown

    def open(self) -> None:
        """Show the run, now that a browser has loaded the page."""
        self._is_open = True
        self._reads.find(self._first.result, self._show)

    def follow(self) -> None:
        """Show a new commit, or check again whether the run can be shown."""
        if self.page is not None:
            self.page.follow()
        elif self._is_open:
            self._reads.find(self._preparing(), self._show)

    def _preparing(self) -> Callable[[], Prepared]:
        location, storage, query = self.location, self._storage, self._query

        def prepared() -> Prepared:
            try:
                run = Run(location, storage)
            except Exception as error:  # noqa: BLE001  the page shows it
                return error
            try:
                return run, RunPage.prepare(run, query)
            except Exception as error:  # noqa: BLE001  the page shows it
                read_error = run.find_read_error()
                return StoreError(read_error) if read_error else error

        return prepared

    @property
    def _query(self) -> str:
        return str(self._place.search) if self._place else ""

    def _show(self, found: Prepared) -> None:
        if self.page is not None:
            return
        if isinstance(found, Exception):
            if not isinstance(found, DeepTrackerError):
                logger.error("the page of %s failed", self.location, exc_info=found)
            why = str(found) if isinstance(found, DeepTrackerError) else first_line(found)
            self._show_reason(why, is_waiting=isinstance(found, NothingCommittedError))
            return
        run, view_errors = found
        if run.read_error and Timeline.title in view_errors:
            self._show_reason(run.read_error)
            return
        page = RunPage(run, self._query, dark=self._dark, view_errors=view_errors)
        self.page = page
        pn.config.exception_handler = _failing(page)
        if self._place:
            page.sync(self._place)
        self.shown.objects = [page.panel()]

    def _show_reason(self, why: str, *, is_waiting: bool = False) -> None:
        if why != self._shown_reason:
            self._shown_reason = why
            self.shown.objects = [unreachable(self.location, why, is_waiting=is_waiting)]


def _failing(page: RunPage) -> Callable[[Exception], None]:
    """Give a function that shows an error on a page; Panel keeps it after the page has closed."""
    reference = weakref.ref(page)

    def failed(error: Exception) -> None:
        shown = reference()
        if shown is not None:
            shown.failed(error)

    return failed
