"""Compare the store's packing of pyramid chunks with the Blosc library's, on real rows.

    python benchmarks/packing.py                        # ResNet-50, 16 snapshots
    python benchmarks/packing.py --network vgg16 --snapshots 32

A log is processed, and every chunk of its pyramids is read from the store and encoded again, in the
memory layout of the measuring kernels: by `pipeline/kernels/packing`, and by numcodecs' Blosc
(bitshuffle, LZ4, level 1, one thread), which needs the values as float32. The two run in turn.
Blosc reads both back, and they must be equal. Ratios are Blosc's over ours: above 1 the kernel is
better.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import zarr
from harness import Pipeline, one_core, options, report, scratch
from ml_dtypes import bfloat16
from numcodecs import blosc
from synthesize import synthesize

from deeptracker.pipeline import open_store
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec, Encoded
from deeptracker.pipeline.store.arrays.region_reader import spec_of

# Values per turn: too many to stay in the cache for the other way.
TURN_VALUES = 2**22

Region = tuple[ArraySpec, np.ndarray]
Encoding = Callable[[ArraySpec, np.ndarray], list[Encoded]]


def regions(root: zarr.Group) -> Iterator[Region]:
    """Yield regions as tasks write them: chunks of one shard, bfloat16, each column contiguous."""
    for _, member in root["weights"].members(max_depth=None):
        if not isinstance(member, zarr.Array) or member.ndim != 3:
            continue
        spec = spec_of(member)
        _, rows, columns = spec.shape
        for row in range(0, rows - rows % spec.chunks[1], spec.chunks[1]):
            last = columns - columns % spec.chunks[2]
            if last:
                band = member[:, row : row + spec.chunks[1], :last].astype(bfloat16)
                yield spec, np.ascontiguousarray(band.swapaxes(1, 2)).swapaxes(1, 2)


def by_kernel(spec: ArraySpec, values: np.ndarray) -> list[Encoded]:
    """Encode a region as `ChunkWriter` does."""
    together = spec.encode_run(values)
    if together is not None:
        return list(together)
    return [spec.encode(chunk) for chunk in chunks_of(spec, values)]


def by_blosc(spec: ArraySpec, values: np.ndarray) -> list[Encoded]:
    """Encode a region chunk by chunk with the library."""
    return [
        bytes(
            blosc.compress(
                np.ascontiguousarray(chunk.swapaxes(-1, -2), np.float32),
                b"lz4",
                1,
                blosc.BITSHUFFLE,
                0,
                4,
            )
        )
        for chunk in chunks_of(spec, values)
    ]


def chunks_of(spec: ArraySpec, values: np.ndarray) -> Iterator[np.ndarray]:
    """Cut a region into its chunks."""
    quantity, _, columns = spec.chunks
    for first in range(0, values.shape[0], quantity):
        for column in range(0, values.shape[2], columns):
            yield values[first : first + quantity, :, column : column + columns]


def turns(found: Iterator[Region]) -> Iterator[list[Region]]:
    """Group regions of a bounded number of values."""
    some: list[Region] = []
    for region in found:
        some.append(region)
        if sum(values.size for _, values in some) >= TURN_VALUES:
            yield some
            some = []
    if some:
        yield some


def timed(encode: Encoding, some: list[Region]) -> tuple[float, list[Encoded]]:
    """Encode regions; give the seconds, and the encoded chunks."""
    started = time.perf_counter()
    encoded = [data for region in some for data in encode(*region)]
    return time.perf_counter() - started, encoded


def measure(network: str, snapshots: int, repeats: int) -> dict[str, object]:
    """Process a log, and encode its pyramids both ways."""
    with scratch() as folder, one_core() as scheduler:
        log: Path = folder / "log"
        synthesize(log, network=network, snapshots=snapshots, images=100, classes=10)
        whole = Pipeline.timed(log, folder, scheduler, repeats=1)
        blosc.set_nthreads(1)
        ways: dict[str, Encoding] = {"kernel": by_kernel, "blosc": by_blosc}
        seconds = {way: [0.0] * repeats for way in ways}
        nbytes, values, equal = dict.fromkeys(ways, 0), 0, True
        for some in turns(regions(open_store(whole.store).root())):
            values += sum(array.size for _, array in some)
            for number in range(repeats):
                encoded = {}
                for way, encode in ways.items():
                    took, encoded[way] = timed(encode, some)
                    seconds[way][number] += took
            for way in ways:
                nbytes[way] += sum(map(len, encoded[way]))
            equal &= all(
                blosc.decompress(one) == blosc.decompress(other)
                for one, other in zip(*encoded.values(), strict=True)
            )
    middle = {way: statistics.median(times) for way, times in seconds.items()}
    ratios = [other / own for own, other in zip(*seconds.values(), strict=True)]
    return {
        "values": values,
        "runs": repeats,
        **{f"{way}_gigabytes_per_second": 4e-9 * values / middle[way] for way in ways},
        **{f"{way}_stored_share": nbytes[way] / (4 * values) for way in ways},
        "ratio_of_time": statistics.median(ratios),
        "ratio_of_size": nbytes["blosc"] / nbytes["kernel"],
        "equal": equal,
    }


def main() -> None:
    """Run it."""
    parser = options(__doc__, network="resnet50", snapshots=16, repeats=5)
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("packing pyramid chunks", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
