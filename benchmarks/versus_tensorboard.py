"""Compare with TensorBoard histograms of the same parameters.

    pip install tensorboardX                            # or: tensorboard and torch
    python benchmarks/versus_tensorboard.py             # ResNet-50, 32 snapshots
    python benchmarks/versus_tensorboard.py --gradients 1

The pipeline processes the log on one core, all measures and pyramids written. For every tensor of
the first snapshots `SummaryWriter.add_histogram` is called, then the writer is closed. The writer
is torch.utils.tensorboard's if torch is installed, else tensorboardX's, its origin. The ratio is of
weights per second. Bar: at least 20.
"""

import importlib.util
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from harness import Pipeline, one_core, options, report, scratch
from synthesize import synthesize

from deeptracker.pipeline.sources import Source, open_source, read_values

BAR = 20


def summary_writer() -> tuple[str, Any]:
    """Give the name and the class of the best writer that is installed."""
    if importlib.util.find_spec("torch") and importlib.util.find_spec("tensorboard"):
        from torch.utils.tensorboard import SummaryWriter

        return "torch.utils.tensorboard", SummaryWriter
    if importlib.util.find_spec("tensorboardX"):
        from tensorboardX import SummaryWriter

        return "tensorboardX", SummaryWriter
    raise SystemExit("neither torch with tensorboard nor tensorboardX: pip install tensorboardX")


def tensors(source: Source, sample: int) -> Iterator[tuple[str, int, np.ndarray]]:
    """Read every tensor of the first snapshots: (name, iteration, values)."""
    for iteration in source.iterations[:sample]:
        for parameter in source.parameters:
            for gradient in (False, True) if parameter.has_gradient else (False,):
                ref = source.locate(parameter.name, iteration, gradient)
                if ref is not None:
                    name = f"grad/{parameter.name}" if gradient else parameter.name
                    yield name, iteration, read_values(ref)


def written(source: Source, sample: int, writer: Any, folder: Path) -> float:
    """Write histograms; give gigabytes per second."""
    started = time.perf_counter()
    nbytes = 0
    summary = writer(str(folder))
    for name, iteration, values in tensors(source, sample):
        summary.add_histogram(name, values, iteration)
        nbytes += values.nbytes
    summary.close()
    return nbytes / 1e9 / (time.perf_counter() - started)


def measure(
    network: str, snapshots: int, images: int, sample: int, gradients: int, repeats: int
) -> dict[str, object]:
    """Time both."""
    name, writer = summary_writer()
    with scratch() as folder, one_core() as scheduler:
        log = folder / "log"
        synthesize(
            log,
            network=network,
            snapshots=snapshots,
            images=images,
            classes=10,
            gradients=bool(gradients),
        )
        whole = Pipeline.timed(log, folder, scheduler, repeats)
        source = open_source(log)
        rates = [written(source, sample, writer, folder / str(n)) for n in range(repeats)]
    reference = statistics.median(rates)
    return {
        "writer": name,
        "pipeline_gigabytes": whole.gigabytes,
        "pipeline_gigabytes_per_second": whole.rate,
        "tensorboard_gigabytes_per_second": reference,
        "ratio": whole.rate / reference,
        "bar": BAR,
    }


def main() -> None:
    """Run it."""
    parser = options(
        __doc__, network="resnet50", snapshots=32, images=100, sample=2, gradients=0, repeats=3
    )
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("TensorBoard histograms", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
