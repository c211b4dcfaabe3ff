"""Files of a checkpoint that hold no weights of the network, or none that are read."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from deeptracker.wording import counted

__all__ = ["describe_others", "kind_beside"]

OPTIMIZER, SCHEDULE = "the optimizer's state", "the state of the learning-rate schedule"
RANDOM, ARGUMENTS = "the state of random numbers", "arguments of the training"
PARTS = "parts of a sharded training in a format that is not read"
# The first that matches a file's name, in lower case, says what it is.
KINDS = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r".*_model_states\.pt$|.*\.distcp$|^\.metadata$|^__\d+_\d+", PARTS),
        (r"^(optimizer|optim)\b.*|.*[-_.](optim|optimizer)(_states?)?\.\w+$", OPTIMIZER),
        (r"^optimizer_(state|param).*|^optim_states?.*|.*_optim_states?.*", OPTIMIZER),
        (r"^(lr_)?scheduler(_state)?\b.*|^scheduler_.*", SCHEDULE),
        (r"^(rng_state|random_states?)[-_.\d].*", RANDOM),
        (r"^(training|train)_args\..*|^args\.\w+$|^sampler(_\d+)?\.\w+$", ARGUMENTS),
        (r"^(grad_)?scaler(_\d+)?\.\w+$", "the state of a gradient scaler"),
        (r"^custom_checkpoint_\d+\.pkl$|^dl_state_dict.*", "other states of the training"),
    )
)
# Formats of weights that no source may read.
UNREAD = re.compile(
    r".*\.(gguf|h5|keras|msgpack|npz|onnx|pkl|pdparams|orbax)$|^manifest\.ocdbt$|^\.zarray$"
    r"|^zarr\.json$"
)
# A folder that is being written.
UNFINISHED = re.compile(
    r"^(tmp-|\.tmp|tmp_)|\.(partial|tmp|incomplete)$|-tmp-\d+$|\.orbax-checkpoint-tmp"
)


def kind_beside(name: str) -> str | None:
    """Say what a file is that holds no weights; None where it may hold some.

    Parameters
    ----------
    name : str
        Its path in the folder.
    """
    parts = PurePosixPath(name).parts
    if any(UNFINISHED.search(part) for part in parts):
        return "not written to the end"
    base = parts[-1].lower()
    return next((kind for pattern, kind in KINDS if pattern.match(base)), None)


def describe_others(names: Iterable[str], suffixes: tuple[str, ...]) -> list[str]:
    """Say what is left out, a line a kind: what, how often, and one of them by name.

    Parameters
    ----------
    suffixes : tuple of str
        Of the files that are read.
    """
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for name in names:
        kind = kind_beside(name)
        base = name.rpartition("/")[2].lower()
        if kind is None and UNREAD.match(base) and not base.endswith(suffixes):
            kind = "a format that is not read"
        if kind is not None:
            counts[kind] += 1
            first.setdefault(kind, name)
    return [
        f"{counted(count, 'file')} ({first[kind]}{', …' if count > 1 else ''}): {kind}"
        for kind, count in counts.items()
    ]
