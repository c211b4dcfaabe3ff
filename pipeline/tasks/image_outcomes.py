"""The validation images' tasks: outcomes by image, then errors, flips and anomalies by class."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from zarr.abc.store import Store

from deeptracker.pipeline.measures.outcomes import (
    MISSING,
    OutcomeCounts,
    anomaly_counts,
    correctness,
)
from deeptracker.pipeline.planning.blocks import Columns
from deeptracker.pipeline.sources.byte_request import Request
from deeptracker.pipeline.sources.manifest import ByteRange, OutcomeFile
from deeptracker.pipeline.sources.tensor_reading import RAW_DTYPES, Reader, reading, to_float
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter
from deeptracker.pipeline.store.arrays.region_reader import read_regions
from deeptracker.pipeline.store.forks import merged_forks, opened_fork, packed_fork
from deeptracker.pipeline.store.network_layout import FINEST_WEIGHTS, LEVEL_FACTOR
from deeptracker.pipeline.store.schema import (
    CLASS_CHUNK,
    IMAGE_CHUNK,
    ITERATION_CHUNK,
    WINDOWS,
    Schema,
)

__all__ = ["ClassCounts", "class_bands", "count_anomalies", "write_outcomes"]

# Images whose outcomes a task holds at once, for all columns of a block.
BAND_IMAGES = 16 * IMAGE_CHUNK
# Counts of all rules and windows that a task holds.
COUNT_BYTES = 64 * 2**20
RULES = 3
MOST_CLASS = np.iinfo(np.int32).max


@dataclass(frozen=True)
class ClassCounts:
    """A fork, and how often some images flipped in the columns that were counted now.

    Attributes
    ----------
    images : numpy.ndarray
        int64 [some image]: which.
    flips : numpy.ndarray
        int32 [some image].
    """

    fork: bytes
    images: np.ndarray
    flips: np.ndarray


def write_outcomes(
    fork: bytes,
    schema: Schema,
    labels: np.ndarray,
    columns: Columns,
    files: Sequence[OutcomeFile | None],
) -> bytes:
    """Write what the network said of every image at some columns.

    Memory: of a band of images all that is recorded; of all images a byte a column.

    Parameters
    ----------
    labels : numpy.ndarray
        int32 [image].
    files : sequence of OutcomeFile or None
        One a column.
    """
    session = opened_fork(fork)
    writer = ChunkWriter(session.store)
    bands = [
        Columns(start, min(start + BAND_IMAGES, len(labels)))
        for start in range(0, len(labels), BAND_IMAGES)
    ]
    correct = np.full((len(columns), len(labels)), MISSING, np.uint8)
    with reading(_requests(files, schema.shape.outcome, bands)) as read:
        for band in bands:
            _write_band(writer, schema, labels, columns, files, band, read, correct)
    by_class = correct[:, np.argsort(labels, kind="stable")]
    for spec, error in zip(schema.by_class(), _error_levels(by_class), strict=False):
        writer.write(spec, (0, columns.start), error.T)
    writer.flush()
    return packed_fork(session)


def class_bands(schema: Schema) -> Iterator[Columns]:
    """Share the classes out among tasks: whole chunks, of which the counts fit a budget."""
    of_class = 4 * RULES * WINDOWS * max(schema.shape.iterations, 1)
    size = max(1, COUNT_BYTES // of_class // CLASS_CHUNK) * CLASS_CHUNK
    for start in range(0, schema.shape.classes, size):
        yield Columns(start, min(start + size, schema.shape.classes))


def count_anomalies(
    fork: bytes,
    outcomes: Sequence[bytes],
    schema: Schema,
    labels: np.ndarray,
    classes: Columns,
    recorded: np.ndarray,
    first_column: int,
) -> ClassCounts:
    """Count errors, flips and anomalies of some classes, where new outcomes change them.

    A rule looks at most `WINDOWS` outcomes back and ahead, so that what lies further behind the
    first new column stays as it is. An image is compared with its last recorded outcome.

    Parameters
    ----------
    outcomes : sequence of bytes
        Forks that know the new outcomes.
    classes : Columns
        Which classes, whole chunks of them.
    recorded : numpy.ndarray
        int64 [outcome]: the columns with outcomes.
    first_column : int
        The first that is new.
    """
    session = opened_fork(fork)
    store = opened_fork(merged_forks(fork, outcomes)).store
    writer = ChunkWriter(session.store)
    images = np.flatnonzero((labels >= classes.start) & (labels < classes.stop))
    begin, history = _changed(recorded, first_column)
    correct = _rows(store, schema, images, history)
    old = np.searchsorted(recorded, first_column)
    if (correct[:, recorded[recorded >= history] - history] == MISSING).any() and old:
        # Behind what an image lacks, its last outcomes lie further back.
        begin, history = 0, 0
        correct = _rows(store, schema, images, history)
    looked_at = recorded[recorded >= history]
    new = int(np.searchsorted(looked_at, first_column))
    counts = anomaly_counts(
        correct[:, looked_at - history], labels[images] - classes.start, len(classes), WINDOWS, new
    )
    _write_counts(writer, schema, counts, classes.start, begin, looked_at)
    writer.flush()
    return ClassCounts(packed_fork(session), images, counts.image_flips)


def _changed(recorded: np.ndarray, first_column: int) -> tuple[int, int]:
    """Give the first column whose counts may change, at a chunk's beginning, and of its history."""
    place = max(0, int(np.searchsorted(recorded, first_column)) - WINDOWS)
    changed = int(recorded[place]) if place else 0
    begin = changed // ITERATION_CHUNK * ITERATION_CHUNK
    before = int(np.searchsorted(recorded, begin)) - WINDOWS
    return begin, int(recorded[before]) if before > 0 else 0


def _write_counts(
    writer: ChunkWriter,
    schema: Schema,
    counts: OutcomeCounts,
    first_class: int,
    begin: int,
    looked_at: np.ndarray,
) -> None:
    """Write the counts from column `begin` on; those of the history before it are not whole."""
    columns = schema.shape.iterations - begin
    places = looked_at[looked_at >= begin] - begin
    for name, spec in schema.classes().items():
        found = getattr(counts, name)[..., len(looked_at) - len(places) :]
        if len(places) < columns:
            spread = np.full((*found.shape[:-1], columns), spec.fill, spec.dtype)
            spread[..., places] = found
            found = spread
        offset = (0, first_class, begin) if found.ndim == 3 else (first_class, begin)
        writer.write(spec, offset, found)


def _write_band(
    writer: ChunkWriter,
    schema: Schema,
    labels: np.ndarray,
    columns: Columns,
    files: Sequence[OutcomeFile | None],
    band: Columns,
    read: Reader,
    correct: np.ndarray,
) -> None:
    """Write some images' outcomes, and fill in whether they were right: uint8 [column, image]."""
    outcome = schema.shape.outcome
    specs = schema.images()
    # A file is a column: filled as rows, turned when a chunk is encoded.
    values = {
        name: np.full((len(columns), len(band)), spec.fill, spec.dtype)
        for name, spec in specs.items()
        if name != "correct"
    }
    within = slice(band.start, band.stop)
    for column, file in enumerate(files):
        if file is None:
            continue
        predicted = _some(read, file.predicted, band)
        correct[column, within] = correctness(predicted, labels[within])
        # What the store's integers cannot hold stays -1: no class has such a number.
        held = (predicted >= 0) & (predicted <= MOST_CLASS)
        np.copyto(values["predicted"][column], predicted, casting="unsafe", where=held)
        extra = getattr(file, outcome) if outcome else None
        if extra is not None:
            values[outcome][column] = to_float(_some(read, extra, band), extra.dtype)
    values["correct"] = correct[:, within]
    for name, spec in specs.items():
        writer.write(spec, (band.start, columns.start), values[name].T)


def _requests(
    files: Sequence[OutcomeFile | None], outcome: str, bands: Sequence[Columns]
) -> Iterator[Request]:
    """List what is read of some files, in the order in which it is."""
    for band in bands:
        for file in files:
            for ref in (
                (file.predicted, getattr(file, outcome) if outcome else None) if file else ()
            ):
                if ref is not None:
                    yield Request.of(ref, band.start, band.stop)


def _some(read: Reader, ref: ByteRange, band: Columns) -> np.ndarray:
    return read(ref, band.start, band.stop, np.empty(len(band), RAW_DTYPES[ref.dtype]))


def _rows(store: Store, schema: Schema, rows: np.ndarray, first_column: int) -> np.ndarray:
    """Pick rows of the images' correctness from a column on, a band of images at a time."""
    spec = schema.images()["correct"]
    images, columns = spec.shape
    picked = [np.empty((0, columns - first_column), spec.dtype)]
    for start in range(0, images, BAND_IMAGES):
        stop = min(start + BAND_IMAGES, images)
        band = rows[(rows >= start) & (rows < stop)]
        if len(band):
            region = (slice(start, stop), slice(first_column, columns))
            [values] = read_regions(store, [(spec, region)])
            picked.append(values[band - start])
    return np.concatenate(picked)


def _error_levels(correct: np.ndarray) -> Iterator[np.ndarray]:
    """Share of wrong among the recorded outcomes under each row; NaN where none.

    Parameters
    ----------
    correct : numpy.ndarray
        uint8 [column, image], the images in class order.

    Yields
    ------
    numpy.ndarray
        float32 [column, row] of every level, finest first, without end.
    """
    wrong, known = (correct == 0), (correct != MISSING)
    factor = FINEST_WEIGHTS
    while True:
        wrong, known = (_summed(counts, factor) for counts in (wrong, known))
        with np.errstate(invalid="ignore"):
            yield (wrong / known).astype(np.float32)
        factor = LEVEL_FACTOR


def _summed(counts: np.ndarray, factor: int) -> np.ndarray:
    """Add `factor` neighbours of each column."""
    starts = np.arange(0, counts.shape[1], factor)
    return np.add.reduceat(counts, starts, axis=1, dtype=np.int32)
