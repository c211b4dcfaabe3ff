"""Compare with the same outputs by plain xarray and dask, on a slice of the same log.

    python benchmarks/versus_xarray.py               # ResNet-50, 32 snapshots; slice: layer3.1 of 4
    python benchmarks/versus_xarray.py --slice layer2 --sample 8

The pipeline processes the whole log on one core, all measures and pyramids written. For the layers
under the slice, over the first snapshots, straightforward.py computes the node statistics with
quartiles and histogram, the change ratios, the filter measures and the pyramids, and writes them
with `to_zarr`, on one core as well. Both outputs are compared. The ratio is of weights per
second. Bar: at least 500.
"""

import statistics
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import dask
import numpy as np
import xarray as xr
import zarr
from harness import Pipeline, one_core, options, report, scratch
from straightforward import Straightforward, opened
from synthesize import synthesize

from deeptracker.pipeline import open_store
from deeptracker.pipeline.config import Config
from deeptracker.pipeline.kernels.measuring.histograms import COARSE_EDGES
from deeptracker.pipeline.sources import Source, open_source
from deeptracker.pipeline.store.network_layout import level_weights
from deeptracker.pipeline.store.network_tree import architecture_of
from deeptracker.pipeline.store.quantities import FILTER_MEASURES, ROW_STATISTICS

BAR = 500
QUANTILE_ERROR = 0.02
PYRAMID_ERROR = 2.0**-8
# Rounding error of a float32 sum, as a share of the greatest value in its series.
ROUNDING = 2e-5


def parameters_under(source: Source, node: str) -> list[str]:
    """Names of the parameters at or below a node."""
    return [p.name for p in source.parameters if p.name == node or p.name.startswith(f"{node}.")]


def computed(source: Source, node: str, sample: int, folder: Path) -> tuple[Path, int, float]:
    """Compute and write everything of the slice; give the folder, the bytes and the seconds."""
    started = time.perf_counter()
    work = Straightforward(Config().thresholds, COARSE_EDGES)
    arrays, nbytes = {}, 0
    for name in parameters_under(source, node):
        iterations = source.iterations[:sample]
        refs = [ref for i in iterations if (ref := source.locate(name, i)) is not None]
        arrays[name] = opened(refs, iterations)
        nbytes += sum(ref.nbytes for ref in refs)
    groups = {}
    for name in nodes_under(source, node):
        below = [arrays[parameter] for parameter in parameters_under(source, name)]
        groups[f"nodes/{name}"] = work.node(below)
    for parameter in source.parameters:
        if parameter.name not in arrays:
            continue
        if parameter.has_filters:
            groups[f"filters/{parameter.name}"] = work.filters(arrays[parameter.name])
        for number, weights in enumerate(level_weights(parameter.size), start=1):
            level = work.level(arrays[parameter.name], weights)
            groups[f"weights/{parameter.name}/{number}"] = level
    with dask.config.set(scheduler="threads", num_workers=1), warnings.catch_warnings():
        # The first snapshot has no snapshot before it.
        warnings.filterwarnings("ignore", message="invalid value", category=RuntimeWarning)
        for path, group in groups.items():
            group.to_zarr(folder, group=path, mode="a", zarr_format=3, consolidated=False)
    return folder, nbytes, time.perf_counter() - started


def nodes_under(source: Source, node: str) -> list[str]:
    """Names of the nodes at or below a node."""
    nodes = architecture_of(source.parameters, source.network, {}).nodes
    return [n.name for n in nodes if n.name == node or n.name.startswith(f"{node}.")]


def differences(reference: Path, store: Path, source: Source, node: str) -> list[str]:
    """Name every output that differs by more than the tolerance."""
    root = open_store(store).root()
    names = list(root["nodes/name"][...])
    found = []
    for name in nodes_under(source, node):
        with xr.open_zarr(reference, group=f"nodes/{name}", consolidated=False) as theirs:
            for statistic, expected in theirs.data_vars.items():
                ours = root[f"nodes/{statistic}"][names.index(name)]
                columns = theirs.sizes["iteration"]
                ours = ours[:columns] if statistic == "histogram" else ours[..., :columns]
                size = {"sum": theirs["norm1"], "mean": theirs["norm1"] / theirs["count"]}
                scale = np.abs(size.get(str(statistic), expected).values)
                if not _equal_statistic(str(statistic), ours, expected.values, scale):
                    found.append(f"{name}: {statistic}")
    for name in parameters_under(source, node):
        for path, found_rows in _stored(root, name):
            level = path.startswith("weights")
            known = ROW_STATISTICS if level else FILTER_MEASURES
            stored = dict(zip(known, found_rows, strict=True))
            with xr.open_zarr(reference, group=path, consolidated=False) as theirs:
                for measure, expected in theirs.data_vars.items():
                    values = expected.values
                    ours = stored[str(measure)][:, : values.shape[1]]
                    limit = PYRAMID_ERROR if level else 0
                    if not _equal(ours, values, limit, small=_small(level, str(measure), values)):
                        found.append(f"{path}/{measure}")
    return found


def _stored(root: zarr.Group, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """Give what is stored of a parameter, by the paths that the other side has for it."""
    table = root["parameters"]
    place = [str(other) for other in table["name"][...]].index(name)
    first, count = int(table["first_filter"][place]), int(table["filters"][place])
    if count:
        yield f"filters/{name}", root["filters/measures"][:, first : first + count]
    for level, rows in enumerate(table["rows"][:, place].tolist(), start=1):
        if rows:
            first = int(table["first_row"][level - 1, place])
            yield (
                f"weights/{name}/{level}",
                root[f"weights/{level}/weight"][:, first : first + rows],
            )


def _small(level: bool, measure: str, values: np.ndarray) -> float:
    """Give the largest difference that rounding of float32 sums may cause."""
    if level:
        return ROUNDING * float(np.nanmax(np.abs(values), initial=0)) * (measure == "mean")
    return ROUNDING * (1.0 if measure == "change_cosine" else float(np.nanmax(values, initial=0)))


def _equal_statistic(
    statistic: str, ours: np.ndarray, theirs: np.ndarray, scale: np.ndarray
) -> bool:
    if statistic == "histogram":
        # A value on a bin's edge may count on either side.
        moved = np.abs(ours - theirs).sum(axis=1)
        return bool((moved <= 2 + 1e-5 * theirs.sum(axis=1)).all())
    if statistic in ("q1", "median", "q3"):
        return _equal(ours, theirs, QUANTILE_ERROR, small=1e-9)
    return _equal(ours, theirs, 1e-6, small=ROUNDING * float(np.nanmax(scale, initial=0)))


def _equal(ours: np.ndarray, theirs: np.ndarray, relative: float, *, small: float) -> bool:
    # The reference's first column of changes is a sum over nothing; ours is NaN.
    known = np.isfinite(ours)
    known &= np.isfinite(theirs)
    if not known.any():
        return bool(np.isnan(ours).all())
    return bool(np.allclose(ours[known], theirs[known], rtol=relative, atol=small))


def measure(
    network: str, snapshots: int, images: int, part: str, sample: int, repeats: int
) -> dict[str, object]:
    """Time both."""
    with scratch() as folder, one_core() as scheduler:
        log = folder / "log"
        synthesize(log, network=network, snapshots=snapshots, images=images, classes=10)
        whole = Pipeline.timed(log, folder, scheduler, repeats)
        source = open_source(log)
        rates = []
        for number in range(repeats):
            path, nbytes, seconds = computed(source, part, sample, folder / str(number))
            rates.append(nbytes / 1e9 / seconds)
        different = differences(path, whole.store, source, part)
    reference = statistics.median(rates)
    return {
        "pipeline_gigabytes": whole.gigabytes,
        "pipeline_gigabytes_per_second": whole.rate,
        "xarray_gigabytes": nbytes / 1e9,
        "xarray_gigabytes_per_second": reference,
        "ratio": whole.rate / reference,
        "bar": BAR,
        "equal": not different,
        "differences": different,
    }


def main() -> None:
    """Run it."""
    parser = options(
        __doc__,
        network="resnet50",
        snapshots=32,
        images=100,
        slice="layer3.1",
        sample=4,
        repeats=3,
    )
    chosen = vars(parser.parse_args())
    as_json, part = chosen.pop("json"), chosen.pop("slice")
    report("straightforward xarray + dask", measure(part=part, **chosen), as_json)


if __name__ == "__main__":
    main()
