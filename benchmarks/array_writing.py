"""Compare the store's array writing with zarr's, on a network's pyramids, through Icechunk.

    python benchmarks/array_writing.py                  # ResNet-50, 8 snapshots
    python benchmarks/array_writing.py --network vgg16 --snapshots 16

A log is processed. The content of its store is then written again into new stores, by the
pipeline's own code and by zarr in turn: *create*, all groups and empty arrays (`create_arrays`
against `zarr.create_hierarchy`); *write*, all pyramid levels without their last snapshot
(`ChunkWriter` against assigning to a `zarr.Array`); *append*, the last snapshot, which completes
existing shards; *whole*, the arrays of names and sizes (`WholeArrays` against
`Group.create_array`); *read*, the first rows of every level (`read_regions` against indexing a
`zarr.Array`). Both stores must read back the same. Ratios are zarr's time over ours.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from harness import Pipeline, one_core, options, report, scratch
from ml_dtypes import bfloat16
from synthesize import synthesize
from zarr.abc.store import Store
from zarr.core.group import GroupMetadata

from deeptracker.pipeline import open_store
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.planning.run_inputs import RunInputs
from deeptracker.pipeline.sources import open_source
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec, create_arrays, store_metadata
from deeptracker.pipeline.store.arrays.chunk_writer import ChunkWriter
from deeptracker.pipeline.store.arrays.region_reader import read_regions
from deeptracker.pipeline.store.arrays.whole_arrays import WholeArrays
from deeptracker.pipeline.store.run_store import open_writer

WINDOW_ROWS = 64
Steps = dict[str, Callable[[Store], None]]


@dataclass(frozen=True)
class Content:
    """The groups and arrays to write.

    Attributes
    ----------
    groups : mapping of str to attributes
    specs : list of ArraySpec
        All arrays of the run.
    pyramids : list of (ArraySpec, numpy.ndarray)
        bfloat16 [statistic, row, iteration], each column contiguous, as kernels write it.
    whole : mapping of str to numpy.ndarray
        Small arrays by path.
    """

    groups: Mapping[str, Mapping[str, Any]]
    specs: list[ArraySpec]
    pyramids: list[tuple[ArraySpec, np.ndarray]]
    whole: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, log: Path, store: Path) -> "Content":
        """Read a processed log's store."""
        root = open_store(store).root()
        subject = RunInputs(open_source(log), Config())
        specs = list(subject.schema(subject.recording.iterations).arrays())
        members = dict(root.members(max_depth=None))
        arrays = {path: node for path, node in members.items() if isinstance(node, zarr.Array)}
        pyramids = []
        for spec in specs:
            if spec.path.startswith("weights/"):
                values = arrays[spec.path][...].astype(bfloat16)
                pyramids.append((spec, np.ascontiguousarray(values.swapaxes(1, 2)).swapaxes(1, 2)))
        known = {spec.path for spec in specs}
        return cls(
            {path: node.attrs.asdict() for path, node in members.items() if path not in arrays},
            specs,
            pyramids,
            {path: array[...] for path, array in arrays.items() if path not in known},
        )

    def grown(self, more: int) -> list[tuple[ArraySpec, np.ndarray]]:
        """Give the pyramids without the last snapshot, or with it."""
        columns = self.pyramids[0][1].shape[2] - 1 + more
        return [
            (replace(spec, shape=(*spec.shape[:2], columns)), values[..., :columns])
            for spec, values in self.pyramids
        ]

    def window(self, spec: ArraySpec) -> tuple[slice, ...]:
        """Give the region of an array's first rows, as a view reads them."""
        quantities, rows, columns = spec.shape
        return slice(0, quantities), slice(0, min(rows, WINDOW_ROWS)), slice(0, columns)


def by_us(content: Content) -> Steps:
    """Give the steps in the pipeline's own code."""

    def create(store: Store) -> None:
        create_arrays(store, content.groups, content.specs)

    def write(store: Store) -> None:
        store_metadata(store, [spec for spec, _ in content.grown(0)])
        writer = ChunkWriter(store)
        for spec, values in content.grown(0):
            writer.write(spec, (0, 0, 0), values)
        writer.flush()

    def append(store: Store) -> None:
        store_metadata(store, [spec for spec, _ in content.grown(1)])
        writer = ChunkWriter(store)
        for spec, values in content.grown(1):
            writer.write(spec, (0, 0, values.shape[2] - 1), values[..., -1:])
        writer.flush()

    def whole(store: Store) -> None:
        with WholeArrays(store) as arrays:
            for path, values in content.whole.items():
                text = values.dtype.kind == "T"
                dims = [f"dim_{axis}" for axis in range(values.ndim)]
                arrays.put(path, values.astype(object) if text else values, dims, "")

    def read(store: Store) -> None:
        read_regions(store, [(spec, content.window(spec)) for spec, _ in content.pyramids])

    return {"create": create, "write": write, "append": append, "whole": whole, "read": read}


def by_zarr(content: Content) -> Steps:
    """Give the same steps by zarr."""

    def create(store: Store) -> None:
        nodes = {path: GroupMetadata(dict(attrs)) for path, attrs in content.groups.items()}
        arrays = {spec.path: spec.metadata() for spec in content.specs}
        list(zarr.create_hierarchy(store=store, nodes={**nodes, **arrays}))

    def write(store: Store) -> None:
        root = zarr.open_group(store, mode="a")
        for spec, values in content.grown(0):
            array = root[spec.path]
            array.resize(spec.shape)
            array[...] = values.astype(np.float32)

    def append(store: Store) -> None:
        root = zarr.open_group(store, mode="a")
        for spec, values in content.grown(1):
            array = root[spec.path]
            array.resize(spec.shape)
            array[..., -1:] = values[..., -1:].astype(np.float32)

    def whole(store: Store) -> None:
        root = zarr.open_group(store, mode="a")
        for path, values in content.whole.items():
            root.create_array(path, data=values, chunks=tuple(max(n, 1) for n in values.shape))

    def read(store: Store) -> None:
        root = zarr.open_group(store, mode="r")
        for spec, _ in content.pyramids:
            root[spec.path][content.window(spec)]

    return {"create": create, "write": write, "append": append, "whole": whole, "read": read}


@contextmanager
def timed_steps(steps: Steps, folder: Path) -> Iterator[tuple[dict[str, float], zarr.Group]]:
    """Take the steps on a new store, with a commit between them; give their seconds."""
    seconds = {}
    with open_writer(str(folder)) as writer:
        writer.clear()
        for name, step in steps.items():
            started = time.perf_counter()
            step(writer.session.store)
            seconds[name] = time.perf_counter() - started
            writer.stage(name)
        yield seconds, writer.root()


def measure(network: str, snapshots: int, repeats: int) -> dict[str, object]:
    """Process a log, and write its store again both ways."""
    with scratch() as folder:
        log = folder / "log"
        synthesize(log, network=network, snapshots=snapshots, images=1000, classes=100)
        with one_core() as scheduler:
            content = Content.of(log, Pipeline.timed(log, folder, scheduler, repeats=1).store)
        ways = {"own": by_us(content), "zarr": by_zarr(content)}
        found: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
        equal = True
        for number in range(repeats + 1):
            for way, steps in ways.items():
                with timed_steps(steps, folder / f"{way}-{number}") as (seconds, root):
                    if number:
                        found[way].append(seconds)
                    else:  # the first run loads the kernels
                        equal &= reads_back(content, root)
    figures: dict[str, object] = {
        "groups": len(content.groups),
        "arrays": len(content.specs),
        "pyramid_megabytes": sum(4e-6 * values.size for _, values in content.pyramids),
        "whole_arrays": len(content.whole),
    }
    for step in ways["own"]:
        own, other = ([seconds[step] for seconds in found[way]] for way in ways)
        figures[f"{step}_seconds"] = statistics.median(own)
        figures[f"{step}_seconds_by_zarr"] = statistics.median(other)
        figures[f"{step}_ratio"] = statistics.median(b / a for a, b in zip(own, other, strict=True))
    return {**figures, "equal": equal}


def reads_back(content: Content, root: zarr.Group) -> bool:
    """Whether a store holds the written values."""
    pyramids = all(
        np.array_equal(root[spec.path][...], values.astype(np.float32), equal_nan=True)
        for spec, values in content.pyramids
    )
    return pyramids and all(
        np.array_equal(root[path][...], values, equal_nan=values.dtype.kind == "f")
        for path, values in content.whole.items()
    )


def main() -> None:
    """Run it."""
    parser = options(__doc__, network="resnet50", snapshots=8, repeats=3)
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("writing arrays", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
