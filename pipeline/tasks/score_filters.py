"""The filters' second stage: how far each change stands above the filter's own recent history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from zarr.abc.store import Store

from deeptracker.pipeline.measures.filter_anomalies import anomaly_scores
from deeptracker.pipeline.measures.settings import AnomalyConfig
from deeptracker.pipeline.planning.blocks import Columns, column_blocks
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter
from deeptracker.pipeline.store.arrays.region_reader import read_regions
from deeptracker.pipeline.store.forks import opened_fork, packed_fork
from deeptracker.pipeline.store.quantities import measure_place
from deeptracker.pipeline.store.schema import SCORE_ROWS, Schema

__all__ = ["BandScore", "ScoreResult", "filter_bands", "score_filters"]

SCORED_MEASURE = "change_relative_norm2"
TASK_VALUES = 2**19
# Columns that are scored together, so that a task holds no more in a longer run.
TASK_COLUMNS = 512


@dataclass(frozen=True)
class BandScore:
    """What the cube wants of some filters that follow each other.

    Attributes
    ----------
    layers : numpy.ndarray
        int32 [layer]: the layers that own them, among those of the tree.
    anomalous : numpy.ndarray
        int32 [layer, column]: filters over the threshold.
    highest : numpy.ndarray
        float32 [layer, column]: the highest score, NaN where there is none.
    """

    layers: np.ndarray
    anomalous: np.ndarray
    highest: np.ndarray

    @classmethod
    def joined(cls, parts: "Sequence[BandScore]") -> "BandScore":
        """Join the scores of a band at columns that follow each other."""
        return cls(
            parts[0].layers,
            np.concatenate([part.anomalous for part in parts], axis=1),
            np.concatenate([part.highest for part in parts], axis=1),
        )


@dataclass(frozen=True)
class ScoreResult:
    """A fork, and the scores of its bands."""

    fork: bytes
    bands: tuple[BandScore, ...]


def filter_bands(schema: Schema) -> Iterator[tuple[slice, ...]]:
    """Group all filters into tasks of a bounded number of values: whole objects of the scores."""
    count = schema.layout.filter_count
    if not count:
        return
    rows = schema.scores().chunks[0]
    rows *= SCORE_ROWS // rows
    together = max(1, TASK_VALUES // (rows * max(schema.shape.iterations, 1)))
    bands = [slice(start, min(start + rows, count)) for start in range(0, count, rows)]
    for first in range(0, len(bands), together):
        yield tuple(bands[first : first + together])


def score_filters(
    fork: bytes,
    measured: bytes,
    schema: Schema,
    bands: Sequence[slice],
    first_column: int,
    iterations: np.ndarray,
    snapshots: np.ndarray,
    config: AnomalyConfig,
) -> ScoreResult:
    """Score new columns against the filters' changes before them.

    Parameters
    ----------
    measured : bytes
        A fork that knows the filters' changes.
    first_column : int
        Scores before it are there already: a score looks back only.
    iterations : numpy.ndarray
        int64 [column].
    snapshots : numpy.ndarray
        int64 [snapshot]: the columns with a snapshot.
    """
    session = opened_fork(fork)
    store = opened_fork(measured).store
    writer = ChunkWriter(session.store)
    per_chunk = schema.shape.columns_per_chunk
    together = per_chunk * max(1, TASK_COLUMNS // per_chunk)
    found = [
        _score_columns(store, writer, schema, bands, columns, iterations, snapshots, config)
        for columns in column_blocks(Columns(first_column, schema.shape.iterations), together)
    ]
    writer.flush()
    joined = tuple(BandScore.joined(parts) for parts in zip(*found, strict=True))
    return ScoreResult(packed_fork(session), joined)


def _score_columns(
    store: Store,
    writer: ChunkWriter,
    schema: Schema,
    bands: Sequence[slice],
    columns: Columns,
    iterations: np.ndarray,
    snapshots: np.ndarray,
    config: AnomalyConfig,
) -> list[BandScore]:
    """Score some of the new columns."""
    snapshots = snapshots[snapshots < columns.stop]
    new = snapshots[snapshots >= columns.start]
    scores = []
    histories = _histories(store, schema, bands, snapshots, columns.start, config)
    for band, (known, changes) in zip(bands, histories, strict=True):
        gaps = np.diff(iterations[known], prepend=iterations[known[:1]] - 1)
        old = len(known) - len(new)
        owners = schema.layout.filter_owners[band]
        found = anomaly_scores(changes, config.filter_window, gaps, first=old, owners=owners)
        spread = np.full((band.stop - band.start, len(columns)), np.nan, np.float32)
        spread[:, new - columns.start] = found[:, old:]
        writer.write(schema.scores(), (band.start, columns.start), spread)
        scores.append(_summed(schema.filter_layers[band], spread, config.filter_threshold))
    return scores


def _histories(
    store: Store,
    schema: Schema,
    bands: Sequence[slice],
    snapshots: np.ndarray,
    first_column: int,
    config: AnomalyConfig,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Read each band's new changes, and as many before as a score looks back on.

    Returns
    -------
    list of (columns, changes)
        int64 [snapshot] and float32 [filter, snapshot].
    """
    old = int((snapshots < first_column).sum())
    # One more, for the gap before the first of the history.
    columns = snapshots[max(0, old - config.filter_window - 1) :]
    near = _changes(store, schema, bands, columns)
    # A history counts known changes only: where some are missing it reaches further back.
    known = old - (len(snapshots) - len(columns))
    short = [
        number
        for number, changes in enumerate(near)
        if len(columns) < len(snapshots)
        and _lacks_history(changes, known, schema.layout.filter_owners[bands[number]])
    ]
    found = [(columns, changes) for changes in near]
    far = _changes(store, schema, [bands[number] for number in short], snapshots)
    for number, changes in zip(short, far, strict=True):
        found[number] = snapshots, changes
    return found


def _lacks_history(changes: np.ndarray, known: int, owners: np.ndarray) -> bool:
    """Whether a parameter with new changes, [filter, column], lacks some of the `known` before."""
    scored = owners[np.isfinite(changes[:, known:]).any(axis=1)]
    return not np.isfinite(changes[np.isin(owners, scored), 1:known]).all()


def _changes(
    store: Store, schema: Schema, bands: Sequence[slice], columns: np.ndarray
) -> list[np.ndarray]:
    if not len(columns):
        return [np.empty((band.stop - band.start, 0), np.float32) for band in bands]
    span = slice(int(columns[0]), int(columns[-1]) + 1)
    scored = measure_place(SCORED_MEASURE)
    spec = schema.filters()
    read = read_regions(store, [(spec, (scored, band, span)) for band in bands])
    return [changes[:, columns - columns[0]] for [changes] in read]


def _summed(layers: np.ndarray, scores: np.ndarray, threshold: float) -> BandScore:
    """Sum scores up by layer; a layer's filters follow each other."""
    starts = np.flatnonzero(np.diff(layers, prepend=-1))
    highest = np.fmax.reduceat(scores, starts, axis=0)
    over = np.add.reduceat((scores > threshold).astype(np.int32), starts, axis=0)
    return BandScore(layers[starts], over, highest)
