"""Files of a log by the iterations in their names: one file per iteration."""

from collections.abc import Iterable

from deeptracker.pipeline.locations.folder import File
from deeptracker.pipeline.sources.manifest import Problem
from deeptracker.record.log_format import ITERATION_LIMIT

__all__ = ["by_iteration"]


def by_iteration(numbered: Iterable[tuple[int, File]], problems: list[Problem]) -> dict[int, File]:
    """Sort files by the iterations in their names.

    Parameters
    ----------
    numbered : iterable of (int, File)
    problems : list of Problem
        Gets the files that are left out: the second file of an iteration, and files of iterations
        that a store cannot hold.
    """
    found: dict[int, File] = {}
    for iteration, file in numbered:
        if iteration >= ITERATION_LIMIT:
            problems.append(
                Problem(
                    file.location,
                    f"its name tells the iteration {iteration}, which is beyond int64; left out. "
                    "Rename it; of plain checkpoints, source: {pattern: …} in the config says "
                    "which digits count",
                )
            )
        elif iteration in found:
            problems.append(
                Problem(
                    file.location,
                    f"is of iteration {iteration}, as {found[iteration].name} is; "
                    "left out. Keep one file an iteration",
                )
            )
        else:
            found[iteration] = file
    return dict(sorted(found.items()))
