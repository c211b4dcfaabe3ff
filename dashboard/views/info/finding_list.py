"""The health findings as a list; each entry opens its place and time."""

from typing import Any

import panel as pn

from deeptracker.dashboard.data.findings import SEVERITIES, ListedFinding, findings_of
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.search import open_place
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.info.state import InfoState
from deeptracker.dashboard.widgets.controls import bar, choice, text
from deeptracker.dashboard.widgets.facts_table import Column, FactsTable

__all__ = ["FindingList", "open_finding"]

COLUMNS = (
    Column("severity", "severity"),
    Column("iteration", "number"),
    Column("rule"),
    Column("where"),
    Column("what"),
)


def open_finding(run: Run, selection: Selection, finding: ListedFinding) -> None:
    """Pick the place and time of a finding, and open the view that shows them."""
    values: dict[str, Any] = {"iterations": [finding.at_iteration]}
    window = selection.window
    if window and not window[0] <= finding.at_iteration <= window[1]:
        values["window"] = None
    if finding.node:
        open_place(run, selection, "layer", finding.node)
        selection.param.update(**values)
        return
    if finding.class_:
        values |= {"classes": [finding.class_], "class_search": "", "least_marks": 0}
    selection.open("validation", **values)


class FindingList:
    """Findings, filtered by severity and rule."""

    def __init__(self, run: Run, selection: Selection, state: InfoState) -> None:
        self.run = run
        self.selection = selection
        self.state = state
        self.shown: list[ListedFinding] = []
        self.table = FactsTable(
            clickable=True,
            room=440,
            test_id="findings",
            description="Health findings; Enter opens the place and time of the selected one",
            sizing_mode="stretch_width",
        )
        self.title = text(margin=0)
        self.table.param.watch(self._finding_chosen, "event")
        state.param.watch(lambda *_: self.update(), ["finding_severity", "finding_rule"])
        self.update()

    def panel(self) -> pn.viewable.Viewable:
        """Give the filters and the list."""
        found = findings_of(self.run)
        if not found:
            return pn.Column(
                self.title,
                text("<div class='dt-empty'>No rule found anything wrong.</div>"),
                sizing_mode="stretch_width",
                margin=0,
            )
        severities = {"": "all"} | {
            name: f"{name} ({sum(f.severity == name for f in found)})"
            for name in SEVERITIES
            if any(f.severity == name for f in found)
        }
        rules = {"": "all"} | {name: _words(name) for name in sorted({f.rule for f in found})}
        for options, chosen in (
            (severities, self.state.finding_severity),
            (rules, self.state.finding_rule),
        ):
            options.setdefault(chosen, chosen)
        param = self.state.param
        return pn.Column(
            self.title,
            bar(
                choice(
                    param.finding_severity,
                    "Severity",
                    severities,
                    "An error spoils the training, a warning may spoil it, an info is only a note",
                    130,
                ),
                choice(param.finding_rule, "Rule", rules, "The health rule that reported it", 190),
            ),
            self.table,
            sizing_mode="stretch_width",
            margin=0,
        )

    def update(self) -> None:
        """List the store's current data."""
        found = findings_of(self.run)
        severity, rule = self.state.finding_severity, self.state.finding_rule
        self.shown = [f for f in found if severity in ("", f.severity) and rule in ("", f.rule)]
        count = f"{len(self.shown)} of {len(found)}" if found else "none"
        self.title.object = f"<h3>Health findings <span class='dt-hint'>{count}</span></h3>"
        rows = [
            (f.severity, f.at_iteration, _words(f.rule), f.place, f.message) for f in self.shown
        ]
        self.table.fill(COLUMNS, rows)

    def _finding_chosen(self, event: Any) -> None:
        open_finding(self.run, self.selection, self.shown[event.new["row"]])


def _words(rule: str) -> str:
    return rule.replace("_", " ")
