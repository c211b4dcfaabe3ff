"""The place of a run's page: until the store can be read it says what hinders that."""

from typing import Any

import panel as pn

from deeptracker.dashboard.data.background import Latest
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.server.home import unreachable
from deeptracker.dashboard.shell.page import RunPage
from deeptracker.errors import DeepTrackerError
from deeptracker.pipeline.locations.settings import StorageConfig
from deeptracker.pipeline.store.repository import NothingCommittedError

__all__ = ["Arrival"]


class Arrival:
    """A run's page, for one person, as soon as there is something to show.

    Parameters
    ----------
    location : str
        The store.
    storage : StorageConfig, optional
        How its bucket is reached.
    place : panel.io.location.Location, optional
        The page's address, kept in step with what is selected.
    dark : bool
        Whether the browser shows the dark theme.
    """

    def __init__(
        self,
        location: str,
        storage: StorageConfig | None = None,
        place: Any = None,
        *,
        dark: bool = False,
    ) -> None:
        self.location = location
        self._storage = storage
        self.page: RunPage | None = None
        self.shown = pn.Column(sizing_mode="stretch_width", margin=0)
        self._place = place
        self._dark = dark
        self._told = ""
        self._reads = Latest()
        self._show(_opened(location, storage))

    def panel(self) -> pn.viewable.Viewable:
        """Give the place."""
        return self.shown

    def follow(self) -> None:
        """Go on to a new commit; or look again whether the run can be shown."""
        if self.page is not None:
            self.page.follow()
        else:
            # Beside the page's loop: storage that is away takes its time to say so.
            self._reads.find(lambda: _opened(self.location, self._storage), self._show)

    def _show(self, found: Run | DeepTrackerError) -> None:
        if self.page is not None:
            return
        if isinstance(found, DeepTrackerError):
            self._say(str(found), is_waiting=isinstance(found, NothingCommittedError))
            return
        query = self._place.search if self._place else ""
        page = RunPage(found, query, dark=self._dark)
        if found.trouble and page.timeline.view is None:
            self._say(found.trouble)
            return
        self.page = page
        pn.config.exception_handler = page.failed
        if self._place:
            page.sync(self._place)
        self.shown.objects = [page.panel()]

    def _say(self, why: str, *, is_waiting: bool = False) -> None:
        if why != self._told:
            self._told = why
            self.shown.objects = [unreachable(self.location, why, is_waiting=is_waiting)]


def _opened(location: str, storage: StorageConfig | None) -> Run | DeepTrackerError:
    try:
        return Run(location, storage)
    except DeepTrackerError as error:
        return error
