"""The arrays of nodes' statistics: few objects however many nodes there are."""

from deeptracker.pipeline.measures.node_statistics.registry import NODE_STATISTICS
from deeptracker.pipeline.store.arrays.array_spec import ArraySpec
from deeptracker.pipeline.store.network_layout import chunk_columns

__all__ = ["node_arrays"]

# Nodes whose statistics are compressed together, and that share an object; of more nodes than one
# chunk, so many columns are compressed together.
NODE_CHUNK, NODE_SHARD, NODE_COLUMNS = 512, 2**15, 8
HISTOGRAM_CHUNK, HISTOGRAM_SHARD = 64, 2**13


def node_arrays(
    count: int, iterations: int, columns: int, *, thresholds: int, bins: int, gradient: bool
) -> dict[str, ArraySpec]:
    """Give every statistic of so many nodes, by name.

    Parameters
    ----------
    columns : int
        The most iterations in one object.
    thresholds, bins : int
        Of the change ratios, and of the histograms.
    """
    # A run writes the columns of a chunk that it lacks too, of each node.
    wide = columns if count <= NODE_CHUNK else chunk_columns(columns, NODE_COLUMNS, 1)
    chunk, histograms = min(count, NODE_CHUNK), min(count, HISTOGRAM_CHUNK)
    shard = min(-(-count // chunk), NODE_SHARD // NODE_CHUNK) * chunk
    prefix, of = ("grad_", " (gradients)") if gradient else ("", "")

    def path(name: str) -> str:
        return f"nodes/{prefix}{name}"

    specs = {
        name: ArraySpec(
            path(name),
            "float64",
            (count, iterations),
            (chunk, wide),
            ("node", "iteration"),
            statistic.long_name + of,
            statistic.units,
            shards=(shard, columns),
        )
        for name, statistic in NODE_STATISTICS.items()
    }
    specs["change_ratio"] = ArraySpec(
        path("change_ratio"),
        "float64",
        (count, thresholds, iterations),
        (chunk, thresholds, wide),
        ("node", "threshold", "iteration"),
        "share of weights that changed by more than the threshold" + of,
        shards=(shard, thresholds, columns),
    )
    shard = min(-(-count // histograms), HISTOGRAM_SHARD // HISTOGRAM_CHUNK) * histograms
    specs["histogram"] = ArraySpec(
        path("histogram"),
        "int64",
        (count, iterations, bins),
        (histograms, wide, bins),
        ("node", "iteration", "bin"),
        "weights in each signed logarithmic bin" + of,
        fill=0,
        shards=(shard, columns, bins),
    )
    return specs
