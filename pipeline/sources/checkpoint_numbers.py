"""The iterations of checkpoints: what their files state, and what their names say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.folder import File, FileHeader, Folder
from deeptracker.pipeline.sources.checkpoint_files import Checkpoint, FoundCheckpoints
from deeptracker.pipeline.sources.iteration_numbers import Numbering, iterations_of
from deeptracker.pipeline.sources.manifest import Problem
from deeptracker.pipeline.sources.name_numbers import numbers_of
from deeptracker.pipeline.sources.settings import SourceConfig
from deeptracker.pipeline.sources.trainer_state import read_trainer_state, step_of

__all__ = ["Numbered", "number_checkpoints"]

SAME_ITERATION = "of the same iteration as another checkpoint"
STATED = "the number of steps that the files state themselves"


@dataclass(frozen=True)
class Numbered:
    """Checkpoints with their iterations.

    Attributes
    ----------
    iterations : list of (Checkpoint, int)
    how : str
        How the iterations were read.
    problems : list of Problem
        Checkpoints without an iteration.
    """

    iterations: list[tuple[Checkpoint, int]]
    how: str
    problems: list[Problem]


def number_checkpoints(
    folder: Folder,
    found: FoundCheckpoints,
    headers: Mapping[str, FileHeader | LogError],
    states: Mapping[str, File],
    settings: SourceConfig,
) -> Numbered:
    """Find the iteration of every checkpoint.

    What all files state goes before what the names say, unless a pattern is given. A checkpoint
    whose name has no number takes what its own files state.

    Parameters
    ----------
    headers : mapping of str to FileHeader or LogError
        By a file's location.
    states : mapping of str to File
        The files that state a step, by their folders.

    Raises
    ------
    LogError
        As of `iterations_of`.
    """
    every = found.checkpoints
    stated = {} if settings.pattern else _stated(every, headers)
    with_number = [each for each in every if settings.pattern or numbers_of(each.name)]
    if stated and _tells_all(every, with_number, stated, headers):
        how, iterations = STATED, stated
    else:
        numbering = _named(folder, every, settings)
        how, iterations = numbering.how, dict(numbering.iterations)
        agree = all(iterations[name] == stated[name] for name in iterations.keys() & stated.keys())
        for each in every:
            step = stated.get(each.name) if agree else None
            if each.name not in iterations and not settings.pattern:
                step = _saved_step(folder, states.get(each.folder)) if step is None else step
                if step is not None:
                    iterations[each.name] = step
        if not numbering.iterations and iterations:
            how = STATED
    if len(every) == 1 and not iterations and not settings.pattern:
        how, iterations = "the only checkpoint, its name has no number", {every[0].name: 0}
    kept: list[tuple[Checkpoint, int]] = []
    problems: list[Problem] = []
    taken = {iterations[each.name] for each in with_number if each.name in iterations}
    for each in every:
        iteration = iterations.get(each.name)
        if iteration is None:
            problems.append(_without(each))
        elif each not in with_number and iteration in taken:
            found.leave_out(SAME_ITERATION, each.files.files[0].name)
        else:
            kept.append((each, iteration))
            taken.add(iteration)
    return Numbered(kept, how, problems)


def _stated(
    every: Sequence[Checkpoint], headers: Mapping[str, FileHeader | LogError]
) -> dict[str, int]:
    """Give what files state, by the checkpoints' names."""
    found = {}
    for each in every:
        header = headers[each.files.files[0].location]
        if isinstance(header, FileHeader) and header.iteration is not None:
            found[each.name] = header.iteration
    return found


def _tells_all(
    every: Sequence[Checkpoint],
    with_number: Sequence[Checkpoint],
    stated: Mapping[str, int],
    headers: Mapping[str, FileHeader | LogError],
) -> bool:
    """Whether every readable file states its iteration, and no two numbered ones the same."""
    readable = [e for e in every if isinstance(headers[e.files.files[0].location], FileHeader)]
    if not all(each.name in stated for each in readable):
        return False
    of_numbered = [stated[each.name] for each in with_number if each.name in stated]
    return len(of_numbered) == len(set(of_numbered))


def _named(folder: Folder, every: Sequence[Checkpoint], settings: SourceConfig) -> Numbering:
    if len(every) == 1 and not numbers_of(every[0].name) and every[0].name == every[0].folder:
        # The folder of one checkpoint was given: its own name may tell.
        own = iterations_of([folder.name], folder.location, settings)
        return Numbering(
            {every[0].name: own.iterations[name] for name in own.iterations},  # noqa: B035  # one
            own.how,
        )
    return iterations_of([each.name for each in every], folder.location, settings)


def _saved_step(folder: Folder, file: File | None) -> int | None:
    """Give the step that a trainer's state beside a checkpoint says."""
    if file is None:
        return None
    try:
        return step_of(read_trainer_state(folder, file))
    except LogError:
        return None


def _without(checkpoint: Checkpoint) -> Problem:
    return Problem(
        checkpoint.location,
        "its name has no iteration; left out. Rename it, or set source: {pattern: …} in the config",
    )
