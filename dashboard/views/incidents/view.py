"""The first view: what happened in the run, and where to see it."""

from typing import Any

import pandas as pd
import panel as pn

from deeptracker.dashboard.data.incidents import incidents_of
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.incidents.incident_cards import IncidentCards
from deeptracker.dashboard.views.incidents.places import open_incident, places_of_incident
from deeptracker.wording import counted

__all__ = ["IncidentView"]


class IncidentView:
    """Incidents, the gravest first; each leads to its place and time in every view."""

    title = "What happened"
    tip = "Incidents of the training: what moved first, what followed, and where to see it"
    about = (
        "What left its own past at one time is one incident: the learning rate, a layer, a filter, "
        "a class or a loss that moved first, and what followed. A button opens the view that shows "
        "it, with its place and time picked. Single findings of the health rules are in Info."
    )

    states = ()

    def __init__(self, run: Run, selection: Selection) -> None:
        self.run = run
        self.selection = selection
        self.shown = incidents_of(run)
        self.cards = IncidentCards(sizing_mode="stretch_width", margin=(4, 0))
        self.cards.param.watch(self._pressed, "event")
        self.update()

    def panel(self) -> pn.viewable.Viewable:
        """Give the cards."""
        return self.cards

    def update(self) -> None:
        """List the store's current data."""
        self.shown = incidents_of(self.run)
        last = int(self.run.iterations[-1]) if len(self.run.iterations) else 0
        found = counted(len(self.shown), "incident") if self.shown else "Nothing went wrong"
        self.cards.param.update(
            summary=f"{found} up to iteration {last:,}"
            + ("." if self.shown else ", by what was recorded: weights, outcomes and scalars."),
            cards=[
                {
                    "severity": one.severity,
                    "at": one.at_iteration,
                    "until": one.last,
                    "title": one.title,
                    "message": f"{one.message}.",
                    "places": [[p.view, p.label] for p in places_of_incident(self.run, one)],
                }
                for one in self.shown
            ],
        )

    def table(self) -> pd.DataFrame:
        """Give the incidents."""
        return pd.DataFrame([vars(one) for one in self.shown])

    def _pressed(self, event: Any) -> None:
        chosen = self.shown[event.new["card"]]
        open_incident(self.run, self.selection, chosen, event.new["view"])
