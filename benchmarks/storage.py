"""Measure the size of the pyramids and the greatest error of their values.

    python benchmarks/storage.py                        # ResNet-50, 32 snapshots
    python benchmarks/storage.py --dtype bf16

Size: the stored bytes of all pyramid levels as a share of the weight bytes of the log. Bar: at most
15 %. Error: every stored mean, min and max of the checked snapshots, at every level, against
NumPy's in float64 from the log's own bytes, as a share of the exact value. If a row's
weights nearly cancel, the rounding of the float32 sum is not counted as an error: 2**-24 of their
mean size, once for each halving of the row. Bar: at most 2**-8.
"""

import itertools

import numpy as np
import zarr
from harness import Pipeline, folder_bytes, one_core, options, report, scratch
from synthesize import synthesize

from deeptracker.pipeline import open_store
from deeptracker.pipeline.sources import Source, open_source, read_values, to_float
from deeptracker.pipeline.store.quantities import ROW_STATISTICS

SIZE_BAR = 0.15
ERROR_BAR = 2.0**-8
FLOAT32_DIGIT = 2.0**-24


def stored_bytes(root: zarr.Group) -> dict[str, int]:
    """Bytes of the chunks of each top-level group."""
    sizes: dict[str, int] = {}
    for path, member in root.members(max_depth=None):
        if isinstance(member, zarr.Array):
            room = path.split("/")[0]
            sizes[room] = sizes.get(room, 0) + member.nbytes_stored()
    return sizes


def greatest_error(source: Source, root: zarr.Group, columns: list[int]) -> dict[str, float]:
    """Give the greatest relative error of each measure over some columns."""
    worst = dict.fromkeys(ROW_STATISTICS, 0.0)
    table = {what: root[f"parameters/{what}"][...] for what in ("first_row", "rows")}
    places = {str(name): place for place, name in enumerate(root["parameters/name"][...])}
    for parameter, column in itertools.product(source.parameters, columns):
        place = places[parameter.name]
        ref = source.locate(parameter.name, source.iterations[column])
        assert ref is not None
        values = to_float(read_values(ref), ref.dtype).astype(np.float64)
        for number in range(1, int(np.count_nonzero(table["rows"][:, place])) + 1):
            group = root[f"weights/{number}"]
            first, rows = (int(table[what][number - 1, place]) for what in ("first_row", "rows"))
            stored = group["weight"][:, first : first + rows, column]
            per_row = int(group.attrs["weights_per_row"])
            for measure, error in _errors(values, per_row, stored).items():
                worst[measure] = max(worst[measure], error)
    return worst


def _errors(values: np.ndarray, rows: int, stored: np.ndarray) -> dict[str, float]:
    starts = np.arange(0, len(values), rows)
    sizes = np.diff([*starts, len(values)])
    exact = {
        "mean": np.add.reduceat(values, starts) / sizes,
        "min": np.minimum.reduceat(values, starts),
        "max": np.maximum.reduceat(values, starts),
    }
    magnitude = np.add.reduceat(np.abs(values), starts) / sizes
    found = {}
    for measure, expected in exact.items():
        difference = np.abs(stored[list(ROW_STATISTICS).index(measure)] - expected)
        if measure == "mean":
            rounding = FLOAT32_DIGIT * np.ceil(np.log2(sizes + 1)) * magnitude
            difference = np.maximum(difference - rounding, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(difference == 0, 0, difference / np.abs(expected))
        found[measure] = float(share.max())
    return found


def measure(
    network: str, snapshots: int, dtype: str, gradients: int, checked: int
) -> dict[str, object]:
    """Process a log, and measure its store."""
    with scratch() as folder, one_core() as scheduler:
        log = folder / "log"
        synthesize(
            log,
            network=network,
            snapshots=snapshots,
            images=100,
            classes=10,
            dtype=dtype,
            gradients=bool(gradients),
        )
        whole = Pipeline.timed(log, folder, scheduler, repeats=1)
        root = open_store(whole.store).root()
        sizes = stored_bytes(root)
        columns = np.unique(np.linspace(0, snapshots - 1, checked).astype(int)).tolist()
        errors = greatest_error(open_source(log), root, columns)
        total = folder_bytes(whole.store)
    share = sizes["weights"] / 1e9 / whole.gigabytes
    worst = max(errors.values())
    return {
        "log_gigabytes": whole.gigabytes,
        "pyramid_share": share,
        "pyramid_share_bar": SIZE_BAR,
        "store_share": total / 1e9 / whole.gigabytes,
        "stored_megabytes": {room: round(size / 1e6, 2) for room, size in sizes.items()},
        "relative_error": errors,
        "greatest_relative_error": worst,
        "relative_error_bar": ERROR_BAR,
        "small_enough": share <= SIZE_BAR,
        "exact_enough": worst <= ERROR_BAR,
    }


def main() -> None:
    """Run it."""
    parser = options(__doc__, network="resnet50", snapshots=32, dtype="f4", gradients=0, checked=2)
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("what is stored", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
