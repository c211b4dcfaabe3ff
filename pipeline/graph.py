"""The Dask graph: two stages of small tasks on a cluster, and what comes back from them.

First stage, per column block: every block task measures its parts and writes what is whole; a tree
of merges ends in one task that writes the nodes. Outcomes go beside them. Second stage, over the
columns that the first has written: filter scores and class anomalies.

Nothing large travels: a task gets byte ranges and gives back the chunks' addresses, and the tallies
of the nodes that it holds only in part.
"""

import pickle
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import icechunk
import numpy as np
from distributed import Client, Future, as_completed

from pipeline.blocks import Block, Columns, Plan, column_blocks
from pipeline.changes import Recording
from pipeline.measuring import PartReads, combine_blocks, measure_block, write_nodes
from pipeline.progress import Progress
from pipeline.schema import CLASS_CHUNK, Schema
from pipeline.scoring import BandScore, filter_bands, score_filters
from pipeline.subject import Subject
from pipeline.validation import count_anomalies, write_outcomes

__all__ = ["Run", "conclude", "measure"]

FAN_IN = 16


@dataclass(frozen=True)
class Run:
    """What both stages are about.

    Attributes
    ----------
    recording : Recording
        Of every column of the store, those that were there before too.
    columns : Columns
        The columns to compute.
    """

    subject: Subject
    schema: Schema
    recording: Recording
    columns: Columns
    plan: Plan


def measure(client: Client, session: icechunk.Session, run: Run, progress: Progress) -> int:
    """Run the first stage, and merge its writes into the session.

    Returns
    -------
    int
        Bytes of the log that were read.
    """
    submit = _Submitter(client)
    fork = pickle.dumps(session.fork())
    blocks: dict[Future, int] = {}
    ends: list[Future] = []
    for columns, group in run.plan.by_columns():
        futures = [_submit_block(submit, fork, run, block) for block in group]
        blocks |= {future: block.nbytes for future, block in zip(futures, group, strict=True)}
        span = f"it{columns.start}-{columns.stop - 1}"
        while len(futures) > FAN_IN:
            futures = [
                submit(f"combine-{span}", combine_blocks, futures[i : i + FAN_IN])
                for i in range(0, len(futures), FAN_IN)
            ]
        ends.append(submit(f"nodes-{span}", write_nodes, futures, run.schema, columns))
    outcomes = _submit_outcomes(submit, fork, run)
    progress.stage("measuring")
    with _cancelling(client, [*blocks, *ends, *outcomes]):
        for future in as_completed([*blocks, *ends, *outcomes], loop=client.loop):
            if future.status == "error":
                future.result()
            progress.advance(blocks.pop(future, 0))
        finished = client.gather(ends)
        forks = [result.fork for result in finished] + client.gather(outcomes)
    _merge(session, forks)
    return sum(result.nbytes for result in finished)


def conclude(
    client: Client, session: icechunk.Session, run: Run, progress: Progress
) -> tuple[BandScore, ...]:
    """Run the second stage on what the first wrote, and merge its writes into the session."""
    submit = _Submitter(client)
    fork = pickle.dumps(session.fork())
    snapshots = np.flatnonzero(run.recording.snapshots)
    scores = [
        submit(
            f"score-{bands[0].parameter}",
            score_filters,
            fork,
            run.schema,
            bands,
            run.columns.start,
            run.recording.iterations,
            snapshots,
            run.subject.config.anomalies,
        )
        for bands in filter_bands(run.schema)
    ]
    counts = _submit_classes(submit, fork, run)
    progress.stage("comparing")
    with _cancelling(client, [*scores, *counts]):
        scored = client.gather(scores)
        forks = client.gather(counts)
    _merge(session, [*(result.fork for result in scored), *forks])
    return tuple(band for result in scored for band in result.bands)


@contextmanager
def _cancelling(client: Client, futures: Sequence[Future]) -> Iterator[None]:
    """Take tasks back when the run ends early: on a shared scheduler they would go on."""
    try:
        yield
    except BaseException:
        client.cancel(list(futures), force=True)
        raise


def _merge(session: icechunk.Session, forks: Sequence[bytes]) -> None:
    session.merge(*(pickle.loads(fork) for fork in forks))  # noqa: S301  # our own tasks pickled them


class _Submitter:
    """Submits tasks under readable keys that no other run uses."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._run = uuid.uuid4().hex[:8]
        self._count = 0

    def __call__(self, name: str, function: Callable[..., Any], *arguments: Any) -> Future:
        self._count += 1
        key = f"{name}-{self._run}-{self._count}"
        return self._client.submit(function, *arguments, key=key, pure=False)


def _submit_block(submit: _Submitter, fork: bytes, run: Run, block: Block) -> Future:
    iterations = run.recording.iterations[block.columns.start : block.columns.stop]
    before = run.recording.iterations[: block.columns.start][::-1]
    reads = []
    for part in block.parts:
        name, gradient = part.parameter.name, part.gradient

        def locate(iteration: np.int64, name: str = name, gradient: bool = gradient) -> Any:
            return run.subject.source.locate(name, int(iteration), gradient)

        previous = next((ref for ref in map(locate, before) if ref is not None), None)
        reads.append(PartReads(tuple(map(locate, iterations)), previous))
    first = block.parts[0].parameter.name
    span = f"it{block.columns.start}-{block.columns.stop - 1}"
    return submit(
        f"measure-{first}-{span}",
        measure_block,
        fork,
        run.schema,
        run.subject.config.thresholds,
        block,
        tuple(reads),
    )


def _submit_outcomes(submit: _Submitter, fork: bytes, run: Run) -> list[Future]:
    images = run.subject.images
    if images is None:
        return []
    futures = []
    for columns in column_blocks(run.columns, run.subject.config.columns_per_chunk):
        files = [
            run.subject.source.outcomes(int(i))
            for i in run.recording.iterations[columns.start : columns.stop]
        ]
        name = f"outcomes-it{columns.start}-{columns.stop - 1}"
        futures.append(
            submit(name, write_outcomes, fork, run.schema, images.labels, columns, files)
        )
    return futures


def _submit_classes(submit: _Submitter, fork: bytes, run: Run) -> list[Future]:
    images = run.subject.images
    if images is None:
        return []
    recorded = np.flatnonzero(run.recording.outcomes)
    count = run.schema.shape.classes
    futures = []
    for start in range(0, count, CLASS_CHUNK):
        classes = Columns(start, min(start + CLASS_CHUNK, count))
        name = f"anomalies-classes{classes.start}-{classes.stop - 1}"
        futures.append(
            submit(name, count_anomalies, fork, run.schema, images.labels, classes, recorded)
        )
    return futures
