"""The Dask graph: two stages of small tasks on a cluster, and what comes back from them.

First stage, per column block: every block task measures its parts and writes what is whole; a tree
of merges ends in one task that writes the nodes. Outcomes go beside them. Second stage, over the
columns that the first has written: filter scores and class anomalies.

Nothing large travels: a task gets byte ranges and gives back the chunks' addresses, and the tallies
of the nodes that it holds only in part.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import icechunk
import numpy as np

from pipeline.blocks import Block, Columns, Plan, column_blocks
from pipeline.changes import Recording
from pipeline.jobs import Job, Jobs, Label
from pipeline.measuring import PartReads, combine_blocks, measure_block, write_nodes
from pipeline.progress import Progress
from pipeline.schema import Schema
from pipeline.scoring import BandScore, filter_bands, score_filters
from pipeline.subject import Subject
from pipeline.validation import ClassCounts, class_bands, count_anomalies, write_outcomes

__all__ = ["Comparison", "Run", "conclude", "measure"]

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


@dataclass(frozen=True)
class Comparison:
    """What the second stage found out about the new columns."""

    bands: tuple[BandScore, ...] = ()
    classes: tuple[ClassCounts, ...] = ()


def measure(jobs: Jobs, session: icechunk.Session, run: Run, progress: Progress) -> int:
    """Run the first stage, and merge its writes into the session.

    Returns
    -------
    int
        Bytes of the log that were read.
    """
    fork = pickle.dumps(session.fork())
    progress.stage("measuring")
    merges: dict[Job, _Merge] = {}
    for columns, group in run.plan.by_columns():
        blocks = [_submit_block(jobs, fork, run, block) for block in group]
        merges |= dict.fromkeys(blocks, _Merge(jobs, run, columns, blocks))
    outcomes = _submit_outcomes(jobs, fork, run)
    ends = []
    for job in jobs.finished():
        progress.advance(job.label.nbytes)
        merge = merges.pop(job, None)
        if merge is not None:
            merges |= dict.fromkeys(merge.after(job), merge)
        elif job.label.kind == "nodes":
            ends.append(job)
    finished = jobs.results(ends)
    forks = [result.fork for result in finished] + jobs.results(outcomes)
    _merge(session, forks)
    return sum(result.nbytes for result in finished)


def conclude(jobs: Jobs, session: icechunk.Session, run: Run, progress: Progress) -> Comparison:
    """Run the second stage on what the first wrote, and merge its writes into the session."""
    fork = pickle.dumps(session.fork())
    snapshots = np.flatnonzero(run.recording.snapshots)
    progress.stage("comparing")
    scores = [
        jobs.submit(
            Label("score", bands[0].parameter),
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
    counts = _submit_classes(jobs, fork, run)
    for _ in jobs.finished():
        pass
    scored = jobs.results(scores)
    counted = jobs.results(counts)
    _merge(session, [result.fork for result in (*scored, *counted)])
    return Comparison(tuple(band for result in scored for band in result.bands), tuple(counted))


class _Merge:
    """Merges the results of one column block as they come, `FAN_IN` at a time, to its nodes."""

    def __init__(self, jobs: Jobs, run: Run, columns: Columns, inputs: list[Job]) -> None:
        self._jobs = jobs
        self._run = run
        self._columns = columns
        self._inputs = inputs
        self._missing = set(inputs)

    def after(self, job: Job) -> list[Job]:
        """Note that an input has ended; give the jobs whose end is the next to note."""
        self._missing.discard(job)
        if self._missing:
            return []
        results = [job.result for job in self._inputs]
        span = _span(self._run, self._columns)
        for merged in self._inputs:
            merged.result = None  # the next task alone needs it
        if len(results) <= FAN_IN:
            label = Label("nodes", "", span)
            self._jobs.submit(label, write_nodes, results, self._run.schema, self._columns)
            return []
        self._inputs = [
            self._jobs.submit(
                Label("combine", "", span), combine_blocks, results[start : start + FAN_IN]
            )
            for start in range(0, len(results), FAN_IN)
        ]
        self._missing = set(self._inputs)
        return list(self._inputs)


def _span(run: Run, columns: Columns) -> tuple[int, int]:
    """Give the first and the last iteration of some columns."""
    iterations = run.recording.iterations
    return int(iterations[columns.start]), int(iterations[columns.stop - 1])


def _merge(session: icechunk.Session, forks: Sequence[bytes]) -> None:
    session.merge(*(pickle.loads(fork) for fork in forks))  # noqa: S301  # our own tasks pickled them


def _submit_block(jobs: Jobs, fork: bytes, run: Run, block: Block) -> Job:
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
    return jobs.submit(
        Label("measure", first, _span(run, block.columns), block.nbytes),
        measure_block,
        fork,
        run.schema,
        run.subject.config.thresholds,
        block,
        tuple(reads),
    )


def _submit_outcomes(jobs: Jobs, fork: bytes, run: Run) -> list[Job]:
    images = run.subject.images
    if images is None:
        return []
    submitted = []
    for columns in column_blocks(run.columns, run.subject.config.columns_per_chunk):
        files = [
            run.subject.source.outcomes(int(i))
            for i in run.recording.iterations[columns.start : columns.stop]
        ]
        label = Label("outcomes", "", _span(run, columns))
        submitted.append(
            jobs.submit(label, write_outcomes, fork, run.schema, images.labels, columns, files)
        )
    return submitted


def _submit_classes(jobs: Jobs, fork: bytes, run: Run) -> list[Job]:
    images = run.subject.images
    if images is None:
        return []
    recorded = np.flatnonzero(run.recording.outcomes)
    return [
        jobs.submit(
            Label("anomalies", f"classes{classes.start}-{classes.stop - 1}"),
            count_anomalies,
            fork,
            run.schema,
            images.labels,
            classes,
            recorded,
            run.columns.start,
        )
        for classes in class_bands(run.schema)
    ]
