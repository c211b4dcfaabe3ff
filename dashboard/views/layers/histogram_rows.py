"""A node's histogram over time, on the bins' signed logarithmic axis or on a linear axis."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from deeptracker.dashboard.data.byte_cache import SHARED
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.look.theme import levels
from deeptracker.dashboard.views.layers.vertical_scales import Scale
from deeptracker.dashboard.widgets.rows import Row

__all__ = ["Histogram", "histogram_of"]

# Rows of a linear axis.
LINEAR_ROWS = 64
# Octaves of a logarithmic axis on either side of zero; bins nearer to zero become one bin.
OCTAVES = 12
BLOCK = 64  # nodes in a chunk of the store


@dataclass(frozen=True)
class Histogram:
    """Counts of weights by value and time.

    Attributes
    ----------
    counts : numpy.ndarray
        float32 [bin, place], bins by rising value; NaN where nothing was recorded.
    edges : numpy.ndarray
        float64 [bin + 1].
    """

    counts: np.ndarray
    edges: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """Share of the weights in each bin, float32 [bin, place]."""
        total = self.counts.sum(axis=0, keepdims=True)
        return (self.counts / np.where(total > 0, total, np.nan)).astype(np.float32)

    def row(
        self, key: str, height: float, options: dict[str, Any], *, common: bool, form: str
    ) -> Row:
        """Draw it as heat or as ridges.

        Parameters
        ----------
        common : bool
            Whether the darkest colour (the widest ridge) is a share of 1, not this node's largest.
        form : {"histogram", "ridge"}
        """
        shares = self.shares[::-1]
        top = 1.0 if common else _top(shares, typical=form == "ridge")
        described = options | {
            "y_ticks": self._ticks(),
            "value_label": "share of weights",
            "line_labels": [
                f"{options['label']}, {low:.3g} to {high:.3g}"
                for low, high in zip(self.edges[-2::-1], self.edges[:0:-1], strict=True)
            ],
            "widest": top,
        }
        if form == "ridge":
            return Row(key, "ridges", height, (shares,), described)
        # A few bins hold most weights: the square root makes the tails visible.
        scaled = levels(np.sqrt(shares), 0, np.sqrt(max(top, 1e-9)))
        described["palette"] = "blues"
        return Row(key, "pixels", height, (scaled, shares), described)

    def _ticks(self) -> list[list[Any]]:
        """Give the axis labels: [share of the height from above, text]."""
        edges, count = self.edges, len(self.edges) - 1
        places: dict[float, Any] = {0.0: edges[0], float(count): edges[-1]}
        inside = np.flatnonzero((edges[:-1] <= 0) & (edges[1:] >= 0))
        if inside.size and 0.15 * count < inside[0] + 0.5 < 0.85 * count:
            places[float(inside[0]) + 0.5] = 0.0
        return [[1 - place / count, f"{value:.3g}"] for place, value in places.items()]


def histogram_of(run: Run, path: str, node: int, columns: PixelColumns, scale: Scale) -> Histogram:
    """Read a node's histogram in a window of iterations.

    Parameters
    ----------
    path : str
        Path of the array with the histograms of weights or of gradients.
    scale : Scale
        Its ends bound the values. Rows are linear, or the stored bins if it is logarithmic.
    """
    block = _block(run, path, node // BLOCK, columns)
    counts = block[node % BLOCK]
    left, right = run.array("nodes/bin_left"), run.array("nodes/bin_right")
    edges = np.append(left, right[-1])
    if scale.kind == "linear":
        return _linear(counts, edges, scale.low, scale.high)
    first = max(0, int(np.searchsorted(edges, scale.low, side="right")) - 1)
    last = max(first + 1, min(len(left), int(np.searchsorted(edges, scale.high, side="left"))))
    return _folded(Histogram(counts[first:last], edges[first : last + 1]))


def _block(run: Run, path: str, block: int, columns: PixelColumns) -> np.ndarray:
    """Read the histograms of all nodes in a chunk, float32 [node, bin, place], and cache them."""
    key = (run.location, run.commit, path, block, columns)

    def read() -> np.ndarray:
        nodes = slice(block * BLOCK, (block + 1) * BLOCK)
        counts = run.part(path, nodes, columns.span, slice(None)).astype(np.float32)
        counts[~counts.any(axis=2)] = np.nan
        return np.ascontiguousarray(columns.joined(np.moveaxis(counts, 1, 2), "sum"), np.float32)

    return SHARED.get(key, read)


def _top(shares: np.ndarray, *, typical: bool) -> float:
    """Give the greatest share; if `typical`, the median of the iterations' greatest shares."""
    highest = np.fmax.reduce(shares, axis=0)
    known = highest[np.isfinite(highest)]
    if not known.size:
        return 1.0
    return float(np.median(known) if typical else known.max()) or 1.0


def _linear(counts: np.ndarray, edges: np.ndarray, low: float, high: float) -> Histogram:
    """Spread every bin evenly over the rows of a linear axis that it covers."""
    rows = np.linspace(low, high, LINEAR_ROWS + 1)
    below, above = rows[:-1, None], rows[1:, None]
    # The outermost bins reach beyond the outermost weights: cut them at the axis' ends.
    left, right = np.clip(edges[:-1], low, high), np.clip(edges[1:], low, high)
    overlap = np.clip(np.minimum(above, right) - np.maximum(below, left), 0, None)
    width = right - left
    share = np.where(width > 0, overlap / np.where(width > 0, width, 1), 0.0)
    return Histogram((share @ counts).astype(np.float32), rows)


def _folded(histogram: Histogram) -> Histogram:
    """Merge all bins that lie more than `OCTAVES` below the largest value into one bin."""
    edges = histogram.edges
    near = np.abs(edges).max() * 2.0**-OCTAVES
    inner = np.flatnonzero((edges[:-1] >= -near) & (edges[1:] <= near))
    if len(inner) < 2:
        return histogram
    first, last = int(inner[0]), int(inner[-1])
    counts = np.concatenate(
        [
            histogram.counts[:first],
            histogram.counts[first : last + 1].sum(axis=0, keepdims=True),
            histogram.counts[last + 1 :],
        ]
    )
    return Histogram(counts, np.concatenate([edges[: first + 1], edges[last + 1 :]]))
