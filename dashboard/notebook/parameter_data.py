"""The stored filters and rows of one parameter, as labelled xarray objects."""

import numpy as np
import xarray as xr

from deeptracker.dashboard.data.filter_series import filter_span
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.notebook.name_lookup import checked_name

__all__ = ["filters_of", "rows_of"]


def filters_of(run: Run, parameter: str) -> xr.Dataset:
    """Give all filters of a parameter: `measures` and `anomaly_score`, read lazily.

    Returns
    -------
    xarray.Dataset
        [measure, filter, iteration] and [filter, iteration]; the filters count from 0.
    """
    span = filter_span(run, parameter)
    found = _group(run, "filters").isel(filter=span).drop_vars("parameter")
    return found.assign_coords(filter=np.arange(span.stop - span.start))


def rows_of(run: Run, parameter: str, level: int) -> xr.Dataset:
    """Give the rows of a parameter at a pyramid level, read when they are looked at.

    Returns
    -------
    xarray.Dataset
        `weight`, and `gradient` where recorded: [statistic, row, iteration], each row under the
        first of its weights.

    Raises
    ------
    UnknownNameError
        When it has no such level.
    """
    table, place = run.parameters, run.parameter(parameter)
    levels = np.flatnonzero(table["rows"][:, place]) + 1
    checked_name(level, levels.tolist(), "pyramid level")
    first, rows = (int(table[what][level - 1, place]) for what in ("first_row", "rows"))
    found = _group(run, f"weights/{level}").isel(row=slice(first, first + rows))
    per_row = int(table["weights_per_row"][level - 1])
    return found.assign_coords(row=np.arange(rows) * per_row)


def _group(run: Run, path: str) -> xr.Dataset:
    return xr.open_zarr(
        run.root.store,
        group=path,
        consolidated=False,
        zarr_format=3,
        chunks=None,
    )
