"""Small controls that read and write a state; each has a tooltip that explains it."""

from collections.abc import Callable, Mapping
from typing import Any

import panel as pn
import param

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.look.theme import CSS, RAIL_WIDTH
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.selection.state import State
from deeptracker.dashboard.widgets.field import Field

__all__ = [
    "action",
    "bar",
    "check",
    "choice",
    "number_field",
    "rail",
    "search_field",
    "show_when",
    "show_whole_run",
    "text",
    "toggle_iteration",
    "with_rail",
]


def text(content: str = "", **options: Any) -> pn.pane.HTML:
    """Show HTML in the page's style."""
    sizing = {} if "width" in options else {"sizing_mode": "stretch_width"}
    return pn.pane.HTML(content, stylesheets=[CSS], **sizing | options)


def action(name: str, act: Callable[[], Any], **options: Any) -> pn.widgets.Button:
    """Make a button."""
    button = pn.widgets.Button(
        name=name, stylesheets=[CSS], **{"button_type": "light", "margin": (0, 0, 4, 0)} | options
    )
    button.on_click(lambda _: act())
    return button


def choice(
    parameter: param.Parameter, label: str, names: Mapping[Any, str], tip: str, width: int = 140
) -> pn.widgets.Select:
    """Make a drop-down list of values, shown by their names."""
    return pn.widgets.Select.from_param(
        parameter,
        name=label,
        options={shown: value for value, shown in names.items()},
        description=tip,
        width=width,
        margin=(0, 8, 0, 0),
    )


def number_field(
    parameter: param.Parameter, label: str, tip: str, width: int = 86
) -> pn.viewable.Viewable:
    """Make a field for a whole number."""
    return Field.bound_to(parameter, label=label, tip=tip, width=width, margin=(0, 8, 0, 0))


def check(
    parameter: param.Parameter, label: str, tip: str = "", width: int = 84
) -> pn.viewable.Viewable:
    """Make a box to tick."""
    return Field.bound_to(parameter, label=label, tip=tip, width=width, margin=(0, 8, 0, 4))


def rail(*objects: Any) -> pn.Column:
    """Make the rail: the column to the right of a chart."""
    return pn.Column(
        *objects,
        width=RAIL_WIDTH,
        css_classes=["dt-card", "dt-rail"],
        stylesheets=[CSS],
        margin=0,
    )


def with_rail(chart: Any, rail_column: Any) -> pn.viewable.Viewable:
    """Put a rail to the right of a chart, or below it on a narrow page."""
    return pn.Row(
        chart,
        rail_column,
        css_classes=["dt-with-rail"],
        stylesheets=[CSS],
        sizing_mode="stretch_width",
        margin=0,
    )


def bar(*widgets: Any) -> pn.viewable.Viewable:
    """Lay controls in a row that wraps on a narrow page."""
    return pn.FlexBox(
        *widgets,
        align_items="flex-end",
        gap="6px 0px",
        css_classes=["dt-bar"],
        stylesheets=[CSS],
        sizing_mode="stretch_width",
        margin=(4, 0, 6, 0),
    )


def toggle_iteration(run: Run, selection: Selection, act: Mapping[str, Any]) -> None:
    """Pick the iteration of a chart's event; with shift, in addition to the picked ones."""
    iteration = int(run.iterations[act["column"]])
    if act.get("shift"):
        selection.toggle("iterations", iteration, add=True)
    else:
        selection.iterations = [iteration]


def show_whole_run(run: Run, selection: Selection, act: Mapping[str, Any]) -> None:
    """Reset the window after a double click, and undo the picks of its two clicks."""
    before = [int(run.iterations[column]) for column in act.get("before") or []]
    selection.param.update(window=None, **({"iterations": before} if "before" in act else {}))


def show_when(state: State, name: str, control: Any, is_wanted: Callable[[], bool]) -> None:
    """Show a control only while it has an effect; check again when a parameter changes."""

    def show_or_hide(*_: Any) -> None:
        control.visible = is_wanted()

    state.param.watch(show_or_hide, name)
    show_or_hide()


def search_field(
    state: State, name: str, label: str, hint: str, width: int = 150
) -> pn.widgets.TextInput:
    """Make a search field that searches while a person types."""
    field = pn.widgets.TextInput.from_param(
        state.param[name],
        name=label,
        placeholder=hint,
        description="Shows only names that contain one of these texts; separate them by commas",
        width=width,
        margin=(0, 8, 0, 0),
    )
    field.param.watch(lambda event: setattr(state, name, event.new), "value_input")
    return field
