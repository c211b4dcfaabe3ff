"""The pipeline's outputs in plain xarray and dask, not optimised for speed.

Every output is one or two lines over named dims; nothing makes it slow on purpose.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import dask.array as da
import numpy as np
import xarray as xr

from deeptracker.pipeline.sources.manifest import ByteRange

__all__ = ["Straightforward", "opened"]

QUARTILES = {"q1": 0.25, "median": 0.5, "q3": 0.75}


def opened(refs: Sequence[ByteRange], iterations: Sequence[int]) -> xr.DataArray:
    """Open one parameter's snapshots lazily: float32 [iteration, filter, weight]."""
    shape = refs[0].shape or (1,)
    snapshots = [
        da.from_array(
            np.memmap(ref.path, "<f4", "r", ref.offset, (shape[0], int(np.prod(shape[1:])))),
            chunks=-1,
            name=f"{ref.path}:{ref.offset}",
        )
        for ref in refs
    ]
    return xr.DataArray(
        da.stack(snapshots),
        dims=("iteration", "filter", "weight"),
        coords={"iteration": list(iterations)},
    )


@dataclass(frozen=True)
class Straightforward:
    """All outputs of some parameters.

    Attributes
    ----------
    thresholds : sequence of float
        Thresholds of change ratios.
    edges : numpy.ndarray
        float64 [bin + 1], of histograms; values outside count in the outermost bins.
    """

    thresholds: Sequence[float]
    edges: np.ndarray

    def node(self, parameters: Sequence[xr.DataArray]) -> xr.Dataset:
        """Statistics of the node that holds these parameters, [iteration] and more."""
        flat = [p.stack(row=("filter", "weight"), create_index=False) for p in parameters]
        values = xr.concat(flat, "row").chunk(row=-1).astype("f8")
        finite = np.isfinite(values)
        known = values.where(finite)
        before = values.shift(iteration=1)
        change = values - before
        found = {
            "count": finite.sum("row"),
            "nonfinite": (~finite).sum("row"),
            "sum": known.sum("row"),
            "mean": known.mean("row"),
            "std": known.std("row"),
            "var": known.var("row"),
            "min": known.min("row"),
            "max": known.max("row"),
            "norm0": (known != 0).sum("row"),
            "norm1": abs(known).sum("row"),
            "norm2": np.sqrt((known**2).sum("row")),
            "update_ratio": np.sqrt((change**2).sum("row") / (before**2).sum("row")),
            "change_ratio": xr.concat(
                [(abs(change) > t * abs(before)).mean("row") for t in self.thresholds], "threshold"
            ),
            "histogram": xr.apply_ufunc(
                self._histogram,
                values,
                input_core_dims=[["row"]],
                output_core_dims=[["bin"]],
                vectorize=True,
                dask="parallelized",
                output_dtypes=["i8"],
                dask_gufunc_kwargs={"output_sizes": {"bin": len(self.edges) - 1}},
            ),
        }
        quantiles = known.quantile(list(QUARTILES.values()), "row", method="inverted_cdf")
        found |= {name: quantiles.isel(quantile=i, drop=True) for i, name in enumerate(QUARTILES)}
        return xr.Dataset(found)

    def filters(self, parameter: xr.DataArray) -> xr.Dataset:
        """Measures of every filter, [filter, iteration]."""
        values = parameter.astype("f8")
        before = values.shift(iteration=1)
        change = values - before
        norm1, norm2 = abs(values).sum("weight"), np.sqrt((values**2).sum("weight"))
        before1, before2 = norm1.shift(iteration=1), norm2.shift(iteration=1)
        euclidean = np.sqrt((change**2).sum("weight", skipna=False))
        manhattan = abs(change).sum("weight", skipna=False)
        found = {
            "std": values.std("weight"),
            "norm1": norm1,
            "norm2": norm2,
            "change_euclidean": euclidean,
            "change_manhattan": manhattan,
            "change_cosine": 1 - (values * before).sum("weight", skipna=False) / (norm2 * before2),
            "change_relative_norm1": manhattan / before1,
            "change_relative_norm2": euclidean / before2,
        }
        return xr.Dataset(found).transpose("filter", "iteration").astype("f4")

    def level(self, parameter: xr.DataArray, weights_per_row: int) -> xr.Dataset:
        """One pyramid level, [row, iteration]."""
        flat = parameter.stack(row=("filter", "weight"), create_index=False).chunk(row=-1)
        rows = flat.coarsen(row=weights_per_row, boundary="pad")
        found = {"mean": rows.mean(), "min": rows.min(), "max": rows.max()}
        return xr.Dataset(found).transpose("row", "iteration")

    def _histogram(self, values: np.ndarray) -> np.ndarray:
        inner = np.clip(values, self.edges[0], np.nextafter(self.edges[-1], 0))
        return np.histogram(inner[np.isfinite(inner)], self.edges)[0]
