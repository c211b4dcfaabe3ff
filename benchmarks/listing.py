"""Time listing checkpoints and reading their headers, compared with obstore's LocalStore.

    python benchmarks/listing.py                        # 10,000 files, 1,000 of them checkpoints
    python benchmarks/listing.py --files 100000

`LocalFolder` of `pipeline/locations` uses system calls; obstore reads a folder as it reads a
bucket. Both list all files with their sizes and versions. Both read the headers of the checkpoints,
which have ResNet-50's parameters, with one request per file. They run in turn and must agree.
Ratios are obstore's time over ours.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import obstore
from harness import options, report, scratch
from networks import shapes_of
from obstore.store import LocalStore

from deeptracker.pipeline.locations.folder import HEADER_BYTES, File, Parsed, header_of
from deeptracker.pipeline.locations.local_folder import LocalFolder
from deeptracker.record.tensor_file import TensorEntry, write_tensors

Entries = list[dict[str, TensorEntry]]


def write_files(folder: Path, files: int, checkpoints: int) -> None:
    """Write checkpoints with one weight per parameter, and other files."""
    folder.mkdir()
    tensors = {name: np.zeros(1, np.float32) for name in shapes_of("resnet50")}
    for number in range(files):
        path = folder / f"{number:09d}.safetensors"
        if number == 0:
            write_tensors(path, tensors)
            content = path.read_bytes()
        path.write_bytes(content if number < checkpoints else b"")


def listed_by_us(folder: Path) -> list[File]:
    """List as sources do."""
    return LocalFolder(folder).files()


def listed_by_obstore(folder: Path) -> list[File]:
    """List as a bucket is listed."""
    found = obstore.list_with_delimiter(LocalStore(folder))["objects"]
    files = (
        File(meta["path"], str(folder / meta["path"]), meta["size"], str(meta["e_tag"]))
        for meta in found
    )
    return sorted(files, key=lambda file: file.name)


@dataclass
class _Head:
    """The beginning of an object, as what reads a header sees it."""

    size: int
    version: str
    content: bytes

    def read(self, start: int, stop: int) -> bytes:
        return self.content[start:stop]

    def read_many(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        return [self.read(*edges) for edges in ranges]


def headers_by_us(folder: Path, files: list[File]) -> Entries:
    """Read headers as sources do."""
    return [header.entries for header in LocalFolder(folder).headers(files)]


def headers_by_obstore(folder: Path, files: list[File]) -> Entries:
    """Read headers as from a bucket, one after the other."""
    store, parsed, found = LocalStore(folder), Parsed(), []
    for file in files:
        wanted = (0, min(file.size, HEADER_BYTES))
        answer = obstore.get(store, file.name, options={"range": wanted})
        meta = answer.meta
        head = _Head(meta["size"], str(meta["e_tag"]), bytes(answer.bytes()))
        found.append(header_of(file, head, parsed).entries)
    return found


def in_turn(
    ours: Callable[[], object], theirs: Callable[[], object], repeats: int
) -> tuple[float, float, float]:
    """Give the median seconds of both, and the median ratio."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for way, times in zip((ours, theirs), seconds, strict=True):
            started = time.perf_counter()
            way()
            times.append(time.perf_counter() - started)
    ratios = [other / own for own, other in zip(*seconds, strict=True)]
    return (*map(statistics.median, seconds), statistics.median(ratios))


def measure(files: int, checkpoints: int, repeats: int) -> dict[str, object]:
    """Time both."""
    with scratch() as folder:
        place = folder / "checkpoints"
        write_files(place, files, checkpoints)
        some = listed_by_us(place)[:checkpoints]
        names = [[f.name for f in way(place)] for way in (listed_by_us, listed_by_obstore)]
        entries = [way(place, some) for way in (headers_by_us, headers_by_obstore)]
        listing = in_turn(lambda: listed_by_us(place), lambda: listed_by_obstore(place), repeats)
        headers = in_turn(
            lambda: headers_by_us(place, some), lambda: headers_by_obstore(place, some), repeats
        )
    figures = ("seconds", "seconds_by_obstore", "ratio")
    return {
        "files": files,
        "checkpoints": len(some),
        **{f"listing_{name}": value for name, value in zip(figures, listing, strict=True)},
        **{f"headers_{name}": value for name, value in zip(figures, headers, strict=True)},
        "equal": names[0] == names[1] and entries[0] == entries[1],
    }


def main() -> None:
    """Run it."""
    parser = options(__doc__, files=10_000, checkpoints=1000, repeats=7)
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("listing and headers", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
