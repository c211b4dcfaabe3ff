"""The cube's choices at one moment, and its picks."""

from dataclasses import dataclass
from typing import Any

from deeptracker.dashboard.data.cube_numbers import layer_names
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.correlation.cube_axis import Axis
from deeptracker.dashboard.views.correlation.state import CorrelationState
from deeptracker.pipeline.measures.outcomes import Rule

__all__ = ["CubeChoice", "Picks", "picks_of"]


@dataclass(frozen=True)
class CubeChoice:
    """All choices that the cube's faces depend on, copied for a thread: a page may change them.

    The attributes are those of `Selection` and `CorrelationState`, lists as tuples.
    """

    window: tuple[float, float] | None
    iterations: tuple[int, ...]
    classes: tuple[str, ...]
    nodes: tuple[str, ...]
    rule: Rule
    anomaly_window: int
    association: str
    cube_order: str
    cube_classes: tuple[float, float] | None
    cube_layers: tuple[float, float] | None
    cube_class: str
    cube_layer: str

    @classmethod
    def of(cls, selection: Selection, state: CorrelationState) -> "CubeChoice":
        """Copy the current choices."""
        return cls(
            window=selection.window,
            iterations=tuple(selection.iterations),
            classes=tuple(selection.classes),
            nodes=tuple(selection.nodes),
            rule=selection.rule,
            anomaly_window=selection.anomaly_window,
            association=state.association,
            cube_order=state.cube_order,
            cube_classes=state.cube_classes,
            cube_layers=state.cube_layers,
            cube_class=state.cube_class,
            cube_layer=state.cube_layer,
        )

    @property
    def shaping(self) -> tuple[Any, ...]:
        """The choices that the faces' rows depend on."""
        counted = (self.rule, self.anomaly_window, self.cube_order, self.window)
        shown = (self.cube_classes, self.cube_layers, self.cube_class, self.cube_layer)
        return (*counted, *shown)


@dataclass(frozen=True)
class Picks:
    """The picks of the cube.

    Attributes
    ----------
    classes, layers, columns : list of int
        Numbers of classes and layers, and columns of iterations; the plane stands at the last of
        each.
    """

    classes: list[int]
    layers: list[int]
    columns: list[int]

    def inside(self, time: Axis) -> list[int]:
        """Give the picked columns inside the window; they slice the front face."""
        return [column for column in self.columns if time.first <= column < time.last]


def picks_of(run: Run, choice: CubeChoice) -> Picks:
    """Find the picks: a stage or block means all its layers, a parameter its layer."""
    names = layer_names(run)
    numbers = {name: number for number, name in enumerate(names)}
    layers: list[int] = []
    for node in choice.nodes:
        if node in numbers:
            layers.append(numbers[node])
        elif node.rpartition(".")[0] in numbers:
            layers.append(numbers[node.rpartition(".")[0]])
        elif node:
            layers += [number for name, number in numbers.items() if name.startswith(f"{node}.")]
    known = {name: number for number, name in enumerate(run.class_names)}
    classes = [known[name] for name in choice.classes if name in known]
    return Picks(classes, layers, run.picked_columns(choice.iterations))
