"""The filters' second stage: how far each change stands above the filter's own recent history."""

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import zarr

from pipeline.arrays import ChunkWriter
from pipeline.config import AnomalyConfig
from pipeline.measures.filter_anomalies import anomaly_scores
from pipeline.schema import Schema, group_name

__all__ = ["FilterBand", "ScoreResult", "filter_bands", "score_filters"]

SCORED_MEASURE = "change_relative_norm2"
TASK_VALUES = 2**22
BAND_FILTERS = 4096


@dataclass(frozen=True)
class FilterBand:
    """Filters [start, stop) of one parameter: whole chunks."""

    parameter: str
    start: int
    stop: int


@dataclass(frozen=True)
class BandScore:
    """What the cube wants of a band.

    Attributes
    ----------
    anomalous : numpy.ndarray
        int32 [column]: filters over the threshold.
    highest : numpy.ndarray
        float32 [column]: the highest score, NaN where there is none.
    """

    parameter: str
    anomalous: np.ndarray
    highest: np.ndarray


@dataclass(frozen=True)
class ScoreResult:
    """A fork, and the scores of its bands."""

    fork: bytes
    bands: tuple[BandScore, ...]


def filter_bands(schema: Schema) -> Iterator[tuple[FilterBand, ...]]:
    """Group all filters into tasks of a bounded number of values."""
    batch: list[FilterBand] = []
    values = 0
    for parameter in schema.architecture.parameters:
        if not parameter.has_filters:
            continue
        chunk = schema.filter_chunk(parameter) * (
            BAND_FILTERS // schema.filter_chunk(parameter) or 1
        )
        for start in range(0, parameter.filters, chunk):
            band = FilterBand(parameter.name, start, min(start + chunk, parameter.filters))
            values += (band.stop - band.start) * schema.shape.iterations
            batch.append(band)
            if values >= TASK_VALUES:
                yield tuple(batch)
                batch, values = [], 0
    if batch:
        yield tuple(batch)


def score_filters(
    fork: bytes,
    schema: Schema,
    bands: Sequence[FilterBand],
    first_column: int,
    iterations: np.ndarray,
    snapshots: np.ndarray,
    config: AnomalyConfig,
) -> ScoreResult:
    """Score new columns against the filters' changes before them.

    Parameters
    ----------
    first_column : int
        Scores before it are there already: a score looks back only.
    iterations : numpy.ndarray
        int64 [column].
    snapshots : numpy.ndarray
        int64 [snapshot]: the columns with a snapshot.
    """
    session = pickle.loads(fork)  # noqa: S301  # our own client pickled it
    writer = ChunkWriter(session.store)
    new = snapshots[snapshots >= first_column]
    scores = []
    for band in bands:
        parameter = schema.parameter(band.parameter)
        path = f"filters/{group_name(parameter)}/{SCORED_MEASURE}"
        array = zarr.open_array(session.store, path=path, mode="r")
        columns, changes = _with_history(array, band, snapshots, first_column, config)
        gaps = np.diff(iterations[columns], prepend=iterations[columns[:1]] - 1)
        found = anomaly_scores(changes, config.filter_window, gaps)
        spread = np.full(
            (band.stop - band.start, schema.shape.iterations - first_column), np.nan, np.float32
        )
        spread[:, new - first_column] = found[:, columns >= first_column]
        spec = schema.filters(parameter)["anomaly_score"]
        writer.write(spec, (band.start, first_column), spread)
        scores.append(_summed(band, spread, config.filter_threshold))
    writer.flush()
    return ScoreResult(pickle.dumps(session), tuple(scores))


def _with_history(
    array: zarr.Array,
    band: FilterBand,
    snapshots: np.ndarray,
    first_column: int,
    config: AnomalyConfig,
) -> tuple[np.ndarray, np.ndarray]:
    """Read the new changes and as many before as a score looks back on.

    Returns
    -------
    columns : numpy.ndarray
        int64 [snapshot].
    changes : numpy.ndarray
        float32 [filter, snapshot].
    """
    old = int((snapshots < first_column).sum())
    # One more, for the gap before the first of the history.
    begin = max(0, old - config.filter_window - 1)
    while True:
        columns = snapshots[begin:]
        if not len(columns):
            return columns, np.empty((band.stop - band.start, 0), np.float32)
        changes = np.asarray(array[band.start : band.stop, columns[0] :])[:, columns - columns[0]]
        # A history counts known changes only: where some are missing it reaches further back.
        if begin == 0 or np.isfinite(changes[:, 1 : old - begin]).all():
            return columns, changes
        begin = 0


def _summed(band: FilterBand, scores: np.ndarray, threshold: float) -> BandScore:
    highest = np.fmax.reduce(scores, axis=0, initial=-np.inf)
    highest[np.isneginf(highest)] = np.nan
    over = (scores > threshold).sum(axis=0, dtype=np.int32)
    return BandScore(band.parameter, over, highest.astype(np.float32))
