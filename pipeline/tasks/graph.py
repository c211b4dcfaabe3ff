"""The Dask graph: two stages of small tasks on a cluster, and what comes back from them.

First stage, per column block: every block task measures its parts and writes what is whole; a tree
of merges ends in one task that writes the nodes. Outcomes go beside them, and class anomalies as
soon as those are there. Second stage, over the columns that the first has written: filter scores.

Nothing large travels: a task gets byte ranges and gives back the chunks' addresses, and the tallies
of the nodes that it holds only in part. Every task writes on a fork of the same commit; one that
reads what others have written is given their forks as well, so that nobody waits for a commit.
What all tasks need is packed, since the scheduler keeps it for each that waits, or held by the
workers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deeptracker.pipeline.planning.blocks import Block, Columns, Plan, column_blocks
from deeptracker.pipeline.planning.changes import Recording
from deeptracker.pipeline.planning.run_inputs import RunInputs
from deeptracker.pipeline.running.job import Job, Label
from deeptracker.pipeline.running.jobs import Jobs
from deeptracker.pipeline.running.progress import Progress
from deeptracker.pipeline.running.shared_argument import Packed
from deeptracker.pipeline.store.forks import merged_forks
from deeptracker.pipeline.store.schema import Schema
from deeptracker.pipeline.tasks.byte_ranges import Places, RunOffsets
from deeptracker.pipeline.tasks.image_outcomes import (
    ClassCounts,
    class_bands,
    count_anomalies,
    write_outcomes,
)
from deeptracker.pipeline.tasks.measure_block import combine_blocks, measure_block, write_nodes
from deeptracker.pipeline.tasks.score_filters import BandScore, filter_bands, score_filters

__all__ = ["Comparison", "Measured", "ProcessingRun", "compare", "compared", "measure"]

FAN_IN = 32


@dataclass(frozen=True)
class ProcessingRun:
    """What both stages are about.

    Attributes
    ----------
    recording : Recording
        Of every column of the store, those that were there before too.
    columns : Columns
        The columns to compute.
    """

    subject: RunInputs
    schema: Schema
    recording: Recording
    columns: Columns
    plan: Plan

    @property
    def read_iterations(self) -> list[int]:
        """The iterations whose files are read: the new ones, and the snapshot before them."""
        start, iterations = self.columns.start, self.recording.iterations
        before = np.flatnonzero(self.recording.snapshots[:start])[-1:]
        return [*map(int, iterations[before]), *map(int, iterations[start:])]

    @cached_property
    def offsets(self) -> RunOffsets:
        """Where every parameter lies at every column."""
        return RunOffsets(self.subject.source, self.schema.layout, self.recording.iterations)

    @cached_property
    def packed_schema(self) -> Packed:
        """The schema, as every task gets it."""
        return Packed.of(self.schema)

    @cached_property
    def packed_labels(self) -> Packed:
        """The true classes of the images."""
        assert self.subject.images is not None, "a run without images has no task that needs them"
        return Packed.of(self.subject.images.labels)


@dataclass(frozen=True)
class Measured:
    """The first stage's end.

    Attributes
    ----------
    written : bytes
        A fork that knows all its chunks.
    nbytes : int
        Bytes of the log that were read.
    classes : tuple of ClassCounts
        What was counted of the classes' images.
    """

    written: bytes
    nbytes: int
    classes: tuple[ClassCounts, ...]


@dataclass(frozen=True)
class Comparison:
    """What the second stage found out about the new columns, and a fork that knows its chunks."""

    bands: tuple[BandScore, ...]
    written: bytes


def measure(
    jobs: Jobs, fork: bytes, run: ProcessingRun, progress: Progress, begun: Callable[[], None]
) -> Measured:
    """Run the first stage; `begun` is called when its tasks are submitted."""
    progress.stage("measuring")
    # First, so that the anomalies are counted beside the weights.
    outcomes = _submit_outcomes(jobs, fork, run)
    missing = set(outcomes)
    counts: list[Job] = []
    uncounted: set[Job] = set()
    merges: dict[Job, _Merge] = {}
    nodes: list[Job] = []
    groups = list(run.plan.by_columns())
    for columns, group in groups:
        blocks = _submit_blocks(jobs, fork, run, group)
        merges |= dict.fromkeys(blocks, _Merge(jobs, run, columns, blocks))
    begun()
    for job in jobs.finished():
        progress.advance(job.label.nbytes)
        merge = merges.pop(job, None)
        if merge is not None:
            merges |= dict.fromkeys(merge.after(job), merge)
        elif job in missing:
            missing.discard(job)
            counts += [] if missing else _submit_classes(jobs, fork, run, outcomes)
            uncounted |= set(counts)
        elif job.label.kind == "nodes":
            nodes.append(job)
        uncounted.discard(job)
        if len(nodes) == len(groups) and not missing and not uncounted:
            break
    finished, counted = jobs.results(nodes), jobs.results(counts)
    forks = [result.fork for result in (*finished, *counted)] + jobs.results(outcomes)
    nbytes = sum(result.nbytes for result in finished)
    return Measured(merged_forks(fork, forks), nbytes, tuple(counted))


def compare(
    jobs: Jobs, fork: bytes, run: ProcessingRun, measured: Measured, progress: Progress
) -> list[Job]:
    """Begin the second stage, on what the first wrote."""
    progress.stage("comparing")
    tasks = list(filter_bands(run.schema))
    if not tasks:
        return []
    snapshots = np.flatnonzero(run.recording.snapshots)
    # It knows every chunk, more of them in longer runs.
    written = jobs.share(Label("share"), measured.written, len(tasks))
    return [
        jobs.submit(
            Label("score", f"filters{bands[0].start}-{bands[-1].stop - 1}"),
            score_filters,
            fork,
            written.result,
            run.packed_schema,
            bands,
            run.columns.start,
            run.recording.iterations,
            snapshots,
            run.subject.config.anomalies,
        )
        for bands in tasks
    ]


def compared(jobs: Jobs, fork: bytes, scores: Sequence[Job]) -> Comparison:
    """Wait for the end of the second stage."""
    for _ in jobs.finished():
        pass
    scored = jobs.results(scores)
    return Comparison(
        tuple(band for result in scored for band in result.bands),
        merged_forks(fork, [result.fork for result in scored]),
    )


class _Merge:
    """Merges the results of one column block as they come, `FAN_IN` at a time, to its nodes."""

    def __init__(self, jobs: Jobs, run: ProcessingRun, columns: Columns, inputs: list[Job]) -> None:
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
            self._jobs.submit(label, write_nodes, results, self._run.packed_schema, self._columns)
            return []
        self._inputs = [
            self._jobs.submit(
                Label("combine", "", span),
                combine_blocks,
                results[start : start + FAN_IN],
                self._run.packed_schema,
                self._columns,
            )
            for start in range(0, len(results), FAN_IN)
        ]
        self._missing = set(self._inputs)
        return list(self._inputs)


def _span(run: ProcessingRun, columns: Columns) -> tuple[int, int]:
    """Give the first and the last iteration of some columns."""
    iterations = run.recording.iterations
    return int(iterations[columns.start]), int(iterations[columns.stop - 1])


def _submit_blocks(
    jobs: Jobs, fork: bytes, run: ProcessingRun, group: Sequence[Block]
) -> list[Job]:
    """Begin the blocks of some columns, the largest first: the last to end are small."""
    order = sorted(range(len(group)), key=lambda number: -group[number].nbytes)
    begun = {number: _submit_block(jobs, fork, run, group[number]) for number in order}
    return [begun[number] for number in range(len(group))]


def _submit_block(jobs: Jobs, fork: bytes, run: ProcessingRun, block: Block) -> Job:
    return jobs.submit(
        Label(
            "measure",
            run.schema.layout.parameters[block.parts.number[0]].name,
            _span(run, block.columns),
            block.nbytes,
        ),
        measure_block,
        fork,
        run.packed_schema,
        run.subject.config.thresholds,
        block,
        Places.of(run.offsets, block),
    )


def _submit_outcomes(jobs: Jobs, fork: bytes, run: ProcessingRun) -> list[Job]:
    if run.subject.images is None:
        return []
    submitted = []
    for columns in column_blocks(run.columns, run.subject.config.columns_per_chunk):
        files = [
            run.subject.source.outcomes(int(i))
            for i in run.recording.iterations[columns.start : columns.stop]
        ]
        label = Label("outcomes", "", _span(run, columns))
        submitted.append(
            jobs.submit(
                label, write_outcomes, fork, run.packed_schema, run.packed_labels, columns, files
            )
        )
    return submitted


def _submit_classes(
    jobs: Jobs, fork: bytes, run: ProcessingRun, outcomes: Sequence[Job]
) -> list[Job]:
    """Begin to count the anomalies of what was written of the outcomes, now and before."""
    if run.subject.images is None:
        return []
    recorded = np.flatnonzero(run.recording.outcomes)
    return [
        jobs.submit(
            Label("anomalies", f"classes{classes.start}-{classes.stop - 1}"),
            count_anomalies,
            fork,
            [job.result for job in outcomes],
            run.packed_schema,
            run.packed_labels,
            classes,
            recorded,
            run.columns.start,
        )
        for classes in class_bands(run.schema)
    ]
