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
        chunk = schema.filter_chunk(parameter)
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
    snapshots: np.ndarray,
    config: AnomalyConfig,
) -> ScoreResult:
    """Score new columns against the filters' changes before them.

    Parameters
    ----------
    first_column : int
        Scores before it are there already: a score looks back only.
    snapshots : numpy.ndarray
        int64 [snapshot]: the columns with a snapshot.
    """
    session = pickle.loads(fork)  # noqa: S301  # our own client pickled it
    writer = ChunkWriter(session.store)
    new = snapshots[snapshots >= first_column]
    history = snapshots[snapshots < first_column][-config.filter_window :]
    columns = np.concatenate([history, new])
    begin = int(columns[0]) if len(columns) else first_column
    scores = []
    for band in bands:
        parameter = schema.parameter(band.parameter)
        array = zarr.open_array(
            session.store, path=f"filters/{group_name(parameter)}/{SCORED_MEASURE}", mode="r"
        )
        changes = np.asarray(array[band.start : band.stop, begin:])[:, columns - begin]
        found = anomaly_scores(changes, config.filter_window)[:, len(history) :]
        spread = np.full(
            (band.stop - band.start, schema.shape.iterations - first_column), np.nan, np.float32
        )
        spread[:, new - first_column] = found
        spec = schema.filters(parameter)["anomaly_score"]
        writer.write(spec, (band.start, first_column), spread)
        scores.append(_summed(band, spread, config.filter_threshold))
    writer.flush()
    return ScoreResult(pickle.dumps(session), tuple(scores))


def _summed(band: FilterBand, scores: np.ndarray, threshold: float) -> BandScore:
    highest = np.fmax.reduce(scores, axis=0, initial=-np.inf)
    highest[np.isneginf(highest)] = np.nan
    over = (scores > threshold).sum(axis=0, dtype=np.int32)
    return BandScore(band.parameter, over, highest.astype(np.float32))
