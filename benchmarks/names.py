"""Measure the cost of names: the same weights in few parameters and in many.

    python benchmarks/names.py                          # 1 GB in 16, 256, 4,096 and 16,384
    python benchmarks/names.py --weights 4194304 --repeats 1

One vector of weights drifts over the snapshots (bfloat16). Each log cuts it into a different number
of equal parameters, of filters of 512 weights; the bytes are the same. They are processed in turn
on one worker of one core. Bars: with the most parameters at most 1.5 times the time of the fewest,
and at most 1.5 times the files and 400 of them; a store of at most 15 % of the log, without the
filter measures; equal numbers of groups and arrays in all, at most 40 and 120.
`xarray.open_datatree` takes at most 0.5 s; the reference is a Zarr group of as many arrays on a
local disk, opened array by array.
"""

import gc
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
import xarray as xr
import zarr
from harness import folder_bytes, one_core, options, report, scratch, warm_up

from deeptracker.pipeline import open_store, process
from deeptracker.record.tensor_file import write_tensors

FILTER_WEIGHTS = 512
TIME_BAR, FILES_BAR, MOST_FILES = 1.5, 1.5, 400
SHARE_BAR, MOST_GROUPS, MOST_ARRAYS, OPEN_BAR = 0.15, 40, 120, 0.5
STEP = 1e-3


def write_logs(folder: Path, weights: int, snapshots: int, counts: list[int]) -> None:
    """Write the same weights once for each number of parameters."""
    random = np.random.default_rng(0)
    values = random.standard_normal(weights, np.float32) * np.float32(0.02)
    for count in counts:
        run = {"schema_version": 1, "name": f"{count} parameters", "framework": "none"}
        (folder / str(count) / "snapshots").mkdir(parents=True)
        (folder / str(count) / "run.json").write_text(json.dumps(run), encoding="utf-8")
    for snapshot in range(snapshots):
        values += random.standard_normal(weights, np.float32) * np.float32(0.02 * STEP)
        rounded = values.astype(ml_dtypes.bfloat16)
        for count in counts:
            cut = rounded.reshape(count, -1, FILTER_WEIGHTS)
            tensors = {
                f"layers.{number // 128}.experts.{number % 128}.weight": cut[number]
                for number in range(count)
            }
            path = folder / str(count) / "snapshots" / f"{snapshot:09}.safetensors"
            write_tensors(path, tensors)


def median_seconds(function: Callable[[], object], repeats: int) -> float:
    """Call a function once, then time it several times."""
    function()
    seconds = []
    for _ in range(repeats):
        gc.collect()
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def opening(store: Path, folder: Path, repeats: int) -> dict[str, float | int]:
    """Count a store's groups and arrays; time opening it, and a plain group of as many arrays."""
    root = open_store(store).root()
    members = [member for _, member in root.members(max_depth=None)]
    arrays = [member for member in members if isinstance(member, zarr.Array)]
    plain = zarr.open_group(folder / "plain", mode="w")
    for number in range(len(arrays)):
        plain.create_array(f"a{number}", shape=(8, 8), dtype="f4")

    def open_plain() -> None:
        group = zarr.open_group(folder / "plain", mode="r")
        for number in range(len(arrays)):
            group[f"a{number}"]

    def open_tree() -> None:
        xr.open_datatree(root.store, engine="zarr", consolidated=False).close()

    return {
        "groups": 1 + len(members) - len(arrays),
        "arrays": len(arrays),
        "open_datatree_seconds": median_seconds(open_tree, repeats),
        "open_plain_arrays_seconds": median_seconds(open_plain, repeats),
        "filter_bytes": sum(a.nbytes_stored() for a in arrays if a.path.startswith("filters/")),
    }


def measure(weights: int, snapshots: int, counts: str, repeats: int) -> dict[str, object]:
    """Process every log several times, in turn."""
    numbers = [int(number) for number in counts.split(",")]
    found: dict[str, object] = {"gigabytes": 2 * weights * snapshots / 1e9}
    seconds: dict[int, list[float]] = {number: [] for number in numbers}
    figures: dict[int, dict[str, float | int]] = {}
    with scratch() as folder, one_core() as scheduler:
        write_logs(folder, weights, snapshots, numbers)
        warm_up(folder, scheduler, dtype="bf16")
        os.sync()
        for turn in range(repeats):
            for number in numbers:
                store = folder / f"{number}-{turn}.dtstore"
                summary = process(folder / str(number), store, scheduler=scheduler)
                seconds[number].append(summary.seconds)
        for number in numbers:
            store = folder / f"{number}-{repeats - 1}.dtstore"
            figures[number] = opening(store, folder, max(repeats, 5))
            figures[number]["files"] = sum(1 for path in store.rglob("*") if path.is_file())
            log_bytes = folder_bytes(folder / str(number))
            stored = folder_bytes(store) - figures[number].pop("filter_bytes")
            figures[number]["share"] = stored / log_bytes
            figures[number]["process_seconds"] = statistics.median(seconds[number])
            found |= {f"{name}_{number}": value for name, value in figures[number].items()}
    few, many = figures[numbers[0]], figures[numbers[-1]]
    return found | {
        "time_ratio": many["process_seconds"] / few["process_seconds"],
        "time_ratio_bar": TIME_BAR,
        "files_ratio": many["files"] / few["files"],
        "quick_enough": many["process_seconds"] <= TIME_BAR * few["process_seconds"],
        "few_files": many["files"] <= min(FILES_BAR * few["files"], MOST_FILES),
        "small_enough": max(one["share"] for one in figures.values()) <= SHARE_BAR,
        "as_many_arrays": len({(one["groups"], one["arrays"]) for one in figures.values()}) == 1
        and few["groups"] < MOST_GROUPS
        and few["arrays"] < MOST_ARRAYS,
        "opens_quickly": max(one["open_datatree_seconds"] for one in figures.values()) <= OPEN_BAR,
    }


def main() -> None:
    """Run it."""
    parser = options(__doc__, weights=2**26, snapshots=8, counts="16,256,4096,16384", repeats=5)
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("names", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
