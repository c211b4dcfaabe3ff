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
    count: int,
    iterations: int,
    columns: int,
    made_with: int,
    *,
    thresholds: int,
    bins: int,
    gradient: bool,
) -> dict[str, ArraySpec]:
    """Give every statistic of so many nodes, by name.

    Parameters
    ----------
    columns : int
        The most iterations in one object.
    made_with : int
        How many nodes the store was made with: sizes of chunks and objects follow from them.
    thresholds, bins : int
        Of the change ratios, and of the histograms.
    """
    # A run writes the columns of a chunk that it lacks too, of each node.
    wide = columns if made_with <= NODE_CHUNK else chunk_columns(columns, NODE_COLUMNS, 1)
    chunk, shard = _nodes_in(made_with, NODE_CHUNK, NODE_SHARD)
    prefix, of = ("nodes/grad_", " (gradients)") if gradient else ("nodes/", "")
    specs = {
        name: ArraySpec(
            f"{prefix}{name}",
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
        f"{prefix}change_ratio",
        "float64",
        (count, thresholds, iterations),
        (chunk, thresholds, wide),
        ("node", "threshold", "iteration"),
        "share of weights that changed by more than the threshold" + of,
        shards=(shard, thresholds, columns),
    )
    chunk, shard = _nodes_in(made_with, HISTOGRAM_CHUNK, HISTOGRAM_SHARD)
    specs["histogram"] = ArraySpec(
        f"{prefix}histogram",
        "int64",
        (count, iterations, bins),
        (chunk, wide, bins),
        ("node", "iteration", "bin"),
        "weights in each signed logarithmic bin" + of,
        fill=0,
        shards=(shard, columns, bins),
    )
    return specs


def _nodes_in(count: int, chunk: int, shard: int) -> tuple[int, int]:
    """Give the nodes of a chunk and of an object, at most so many."""
    rows = min(count, chunk)
    return rows, min(-(-count // rows), shard // chunk) * rows
