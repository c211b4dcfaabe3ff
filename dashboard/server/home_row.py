"""The cells of one run's row on the home page."""

from collections import Counter
from typing import Any

import numpy as np

from deeptracker.dashboard.data.findings import SEVERITIES
from deeptracker.dashboard.data.incidents import incidents_of
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.scalar_curve import curve
from deeptracker.dashboard.widgets.facts_table import Column
from deeptracker.wording import counted

__all__ = ["COLUMNS", "row_cells"]

COLUMNS = (
    Column("run", "link"),
    Column("network"),
    Column("iterations", "number"),
    Column("weights", "number"),
    Column("classes", "number"),
    Column("loss", "curve"),
    Column("error", "curve"),
    Column("incidents", "severities"),
    Column("last commit (UTC)"),
)
# Twice the pixels of a curve.
POINTS = 240
# Validation scalars first: they describe a run better than training scalars.
LOSSES = ("validation_loss", "train_loss")
ERRORS = ("validation_error", "train_error")


def row_cells(run: Run) -> list[Any]:
    """Give the cells after a run's link: one for each of `COLUMNS` but the first."""
    updated = str(run.attributes.get("updated", ""))
    return [
        str(run.attributes.get("network", "")),
        len(run.iterations),
        int(run.nodes["size"][0]),
        len(run.class_names) or None,
        _scalar(run, LOSSES, log=True),
        _scalar(run, ERRORS) or _error_of_outcomes(run),
        _incidents(run),
        updated[:16].replace("T", " "),
    ]


def _scalar(run: Run, names: tuple[str, ...], *, log: bool = False) -> dict[str, Any] | None:
    """Draw the first recorded scalar of a list of names."""
    recorded = run.scalar_names()
    for name in names:
        if name in recorded:
            iterations = run.array("scalars/iteration_s")
            cell = _curve(name.replace("_", " "), iterations, run.array(f"scalars/{name}"), log=log)
            if cell:
                return cell
    return None


def _error_of_outcomes(run: Run) -> dict[str, Any] | None:
    """Draw the share of wrong validation images, for a log that has no such scalar."""
    if not run.has_images:
        return None
    sizes = run.array("classes/size")[:, np.newaxis]
    # A class without images has no error.
    wrong = np.where(sizes > 0, run.array("classes/error"), 0.0) * sizes
    error = wrong.sum(axis=0) / max(1, sizes.sum())
    return _curve("validation error, of the outcomes", run.iterations, error)


def _curve(
    name: str, iterations: np.ndarray, values: np.ndarray, *, log: bool = False
) -> dict[str, Any] | None:
    """Draw a curve in the unit square; None if no finite value was recorded."""
    known = np.isfinite(values)
    if not known.any():
        return None
    iterations, values = iterations[known], values[known].astype(np.float64)
    is_log = log and bool((values > 0).all())
    drawn = curve(iterations, values, iterations, (0, len(values) - 1), most=POINTS)
    heights = np.log(drawn.values) if is_log else drawn.values
    last = float(values[-1])
    scale = ", logarithmic" if is_log else ""
    return {
        "value": last,
        "text": f"{last:.3g}",
        "points": np.stack([_unit(drawn.places), 1 - _unit(heights)], axis=1).round(3).tolist(),
        "title": f"{name}{scale}, iterations {iterations[0]:,} to {iterations[-1]:,}: "
        f"{values[0]:.3g} at first, {last:.3g} at last, {values.min():.3g} at the least",
    }


def _unit(values: np.ndarray) -> np.ndarray:
    """Scale values to [0, 1]; if all are equal, to 0.5."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.full(len(values), 0.5)


def _incidents(run: Run) -> dict[str, Any]:
    """Count the incidents of each severity; runs sort by the most severe first."""
    counts = Counter(incident.severity for incident in incidents_of(run))
    by_severity = [min(counts[severity], 9999) for severity in SEVERITIES]
    return {
        "value": sum(count * 10 ** (4 * place) for place, count in enumerate(by_severity[::-1])),
        "counts": {
            severity: counted(counts[severity], severity, "info" if severity == "info" else "")
            for severity in SEVERITIES
            if counts[severity]
        },
    }
