"""The findings of a run as records, most severe first."""

from dataclasses import dataclass

from deeptracker.dashboard.data.class_series import named_class
from deeptracker.dashboard.data.run import Run

__all__ = ["SEVERITIES", "ListedFinding", "findings_of"]

SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True)
class ListedFinding:
    """One finding of the store."""

    rule: str
    severity: str
    node: str
    class_: str
    at_iteration: int
    message: str

    @property
    def place(self) -> str:
        """Where it is."""
        return self.node or (named_class(self.class_) if self.class_ else "the whole run")


def findings_of(run: Run) -> list[ListedFinding]:
    """Read all findings, the most severe first, then by iteration."""
    if not run.has("health/rule"):
        return []
    names = ("rule", "severity", "node", "class_", "at_iteration", "message")
    columns = [run.array(f"health/{name}") for name in names]
    found = [
        ListedFinding(str(rule), str(severity), str(node), str(class_), int(at), str(message))
        for rule, severity, node, class_, at, message in zip(*columns, strict=True)
    ]
    rank = {name: place for place, name in enumerate(SEVERITIES)}
    return sorted(found, key=lambda f: (rank.get(f.severity, len(rank)), f.at_iteration))
