"""Files of a log by the iteration in their name: one file per iteration."""

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
        The files that are left out are appended: the second file of an iteration, and files of
        iterations that exceed int64.
    """
    found: dict[int, File] = {}
    for iteration, file in numbered:
        if iteration >= ITERATION_LIMIT:
            problems.append(
                Problem(
                    file.location,
                    f"its name has the iteration {iteration}, which exceeds int64; left out. "
                    "Rename it, or for plain checkpoints set source: {pattern: …} in the config",
                )
            )
        elif iteration in found:
            problems.append(
                Problem(
                    file.location,
                    f"has the iteration {iteration}, like {found[iteration].name}; left out. Keep "
                    "one file per iteration",
                )
            )
        else:
            found[iteration] = file
    return dict(sorted(found.items()))
