"""The validation images' tasks: outcomes by image, then errors, flips and anomalies by class."""

import pickle
from collections.abc import Iterator, Sequence

import numpy as np
import zarr

from pipeline.arrays import ChunkWriter
from pipeline.blocks import Columns
from pipeline.layout import FINEST_WEIGHTS, LEVEL_FACTOR
from pipeline.measures.outcomes import anomaly_counts, correctness
from pipeline.schema import IMAGE_CHUNK, WINDOWS, Schema
from pipeline.sources.manifest import ByteRange, OutcomeFile
from pipeline.sources.readahead import Request
from pipeline.sources.reading import RAW_DTYPES, Reader, reading, to_float

__all__ = ["count_anomalies", "write_outcomes"]

MISSING = 255


def write_outcomes(
    fork: bytes,
    schema: Schema,
    labels: np.ndarray,
    columns: Columns,
    files: Sequence[OutcomeFile | None],
) -> bytes:
    """Write what the network said of every image at some columns.

    Parameters
    ----------
    labels : numpy.ndarray
        int32 [image].
    files : sequence of OutcomeFile or None
        One a column.
    """
    session = pickle.loads(fork)  # noqa: S301  # our own client pickled it
    writer = ChunkWriter(session.store)
    specs = schema.images()
    values = {
        name: np.full((len(labels), len(columns)), spec.fill, spec.dtype)
        for name, spec in specs.items()
    }
    outcome = schema.shape.outcome
    with reading(_requests(files, outcome)) as read:
        for column, file in enumerate(files):
            if file is None:
                continue
            predicted = _whole(read, file.predicted)
            values["predicted"][:, column] = predicted
            values["correct"][:, column] = correctness(predicted, labels)
            extra = getattr(file, outcome) if outcome else None
            if extra is not None:
                values[outcome][:, column] = to_float(_whole(read, extra), extra.dtype)
    for name, spec in specs.items():
        writer.write(spec, (0, columns.start), values[name])
    order = np.argsort(labels, kind="stable")
    for level, spec in enumerate(schema.by_class()):
        images = FINEST_WEIGHTS * LEVEL_FACTOR**level
        writer.write(spec, (0, columns.start), _error_by_rows(values["correct"][order], images))
    writer.flush()
    return pickle.dumps(session)


def count_anomalies(
    fork: bytes, schema: Schema, labels: np.ndarray, classes: Columns, recorded: np.ndarray
) -> bytes:
    """Count errors, flips and anomalies of some classes over the whole training.

    Parameters
    ----------
    classes : Columns
        Which classes, a whole chunk of them.
    recorded : numpy.ndarray
        int64 [outcome]: the columns with outcomes. An image is compared with its last recorded
        outcome, so the columns between them count nothing.
    """
    session = pickle.loads(fork)  # noqa: S301
    writer = ChunkWriter(session.store)
    images = np.flatnonzero((labels >= classes.start) & (labels < classes.stop))
    correct = _rows(zarr.open_array(session.store, path="images/correct", mode="r"), images)
    counts = anomaly_counts(
        correct[:, recorded], labels[images] - classes.start, len(classes), WINDOWS
    )
    columns = schema.shape.iterations
    for name, spec in schema.classes().items():
        found = getattr(counts, name)
        spread = np.full((*found.shape[:-1], columns), spec.fill, spec.dtype)
        spread[..., recorded] = found
        offset = (0, classes.start, 0) if found.ndim == 3 else (classes.start, 0)
        writer.write(spec, offset, spread)
    writer.flush()
    return pickle.dumps(session)


def _requests(files: Sequence[OutcomeFile | None], outcome: str) -> Iterator[Request]:
    """List what is read of some files, in the order in which it is."""
    for file in files:
        for ref in (file.predicted, getattr(file, outcome) if outcome else None) if file else ():
            if ref is not None:
                yield Request(ref, 0, ref.size)


def _whole(read: Reader, ref: ByteRange) -> np.ndarray:
    return read(ref, 0, ref.size, np.empty(ref.size, RAW_DTYPES[ref.dtype]))


def _rows(array: zarr.Array, rows: np.ndarray) -> np.ndarray:
    """Pick rows of an array, a band of chunks at a time."""
    picked = []
    for start in range(0, array.shape[0], IMAGE_CHUNK):
        band = rows[(rows >= start) & (rows < start + IMAGE_CHUNK)]
        if len(band):
            picked.append(np.asarray(array[start : start + IMAGE_CHUNK])[band - start])
    return np.concatenate(picked) if picked else np.empty((0, array.shape[1]), array.dtype)


def _error_by_rows(correct: np.ndarray, images: int) -> np.ndarray:
    """Share of wrong among the recorded outcomes of each row of `images`; NaN where none."""
    starts = np.arange(0, len(correct), images)
    wrong = np.add.reduceat(correct == 0, starts, axis=0, dtype=np.float32)
    known = np.add.reduceat(correct != MISSING, starts, axis=0, dtype=np.float32)
    with np.errstate(invalid="ignore"):
        return wrong / known
