"""The views that show an incident's place, and what each picks there."""

from dataclasses import dataclass
from typing import Any

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.search import open_place
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.pipeline.store.stored_incidents import StoredIncident

__all__ = ["Place", "open_incident", "places_of_incident"]


@dataclass(frozen=True)
class Place:
    """A view that shows an incident.

    Attributes
    ----------
    view : str
        Its name in links.
    label : str
        What the button says.
    """

    view: str
    label: str


def places_of_incident(run: Run, incident: StoredIncident) -> list[Place]:
    """List the views that show an incident, the telling one first."""
    layers, weights = Place("layers", "Layers"), Place("weights", "Weights")
    validation = [Place("validation", "Validation")] if run.has_images else []
    together = [Place("correlation", "Correlation")] if run.has_images else []
    by_kind = {
        "filter": [weights, layers, *validation],
        "node": [layers, weights, *validation],
        "class_": [*validation, *together, layers],
        "images": [*validation, *together, layers],
        "scalar": [layers, *validation, *together],
    }
    places = by_kind.get(incident.lead_kind, [layers, *validation])
    return places if _parameter(run, incident) else [p for p in places if p is not weights]


def open_incident(run: Run, selection: Selection, incident: StoredIncident, view: str) -> None:
    """Pick what leads an incident and its time, and open a view that shows it."""
    values: dict[str, Any] = {"iterations": [incident.at_iteration]}
    window = selection.window
    if window and not window[0] <= incident.at_iteration <= window[1]:
        values["window"] = None
    parameter = _parameter(run, incident)
    if incident.lead_kind == "filter" and parameter:
        values["filters"] = [[parameter, _index(incident.lead)]]
    if incident.lead_kind == "class_" and incident.lead in run.class_names:
        values |= {"classes": [incident.lead], "class_search": "", "least_marks": 0}
    if view == "layers" and incident.lead_kind in ("node", "filter"):
        open_place(run, selection, "layer", _node(incident))
        selection.param.update(**{k: v for k, v in values.items() if k in selection.param})
    elif view == "weights" and parameter:
        selection.open("weights", raster=parameter, raster_range=None, **values)
    else:
        selection.open(view, **values)


def _index(name: str) -> int:
    return int(name.rpartition("[")[2].rstrip("]"))


def _node(incident: StoredIncident) -> str:
    """Name the layer of an incident that a filter or a node leads."""
    if incident.lead_kind == "filter":
        return incident.lead.rpartition("[")[0].rpartition(".")[0]
    return incident.lead


def _parameter(run: Run, incident: StoredIncident) -> str:
    """Name the parameter whose weights show an incident; empty if none does."""
    if incident.lead_kind == "filter":
        return incident.lead.rpartition("[")[0]
    node = run.node(incident.lead) if incident.lead_kind == "node" else None
    return "" if node is None else next(iter(run.filtered_parameters(node)), "")
