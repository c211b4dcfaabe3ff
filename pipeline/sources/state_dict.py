"""Which tensors of a checkpoint are the model's: nested dicts, averages beside it, other states."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deeptracker.errors import LogError
from deeptracker.pipeline.sources.pickle_values import Opaque
from deeptracker.pipeline.sources.torch_pickle import Tensor
from deeptracker.wording import counted

__all__ = ["ITERATION_KEYS", "ModelTensors", "model_tensors", "stated_iteration"]

# Keys of the model, the first that a checkpoint has.
MODEL_KEYS = [
    *("state_dict", "model_state_dict", "model", "module", "model_state", "network", "net"),
    *("state", "weights", "params"),
]
ITERATION_KEYS = ("global_step", "iteration", "iter", "step", "steps", "num_steps", "num_updates")
AVERAGE = re.compile(r"(?i)(?:^|[-_.])(?:ema|swa|averaged?)(?:[-_.]|$)|^shadow")
# What is no weight, by its key.
STATES = re.compile(
    r"(?i).*(?:optim|scheduler|scaler|rng|random|loops|callbacks|loader|sampler|history|metrics)"
    r"|opt|amp|args|config|cfg|hparams|hyper_parameters"
)
# Nodes of nested values that are looked at; shared ones count as often as they occur.
MOST_NODES = 1_000_000
DEEPEST = 32


@dataclass
class ModelTensors:
    """The model's tensors in a checkpoint.

    Attributes
    ----------
    tensors : dict of str to Tensor
        By dotted names.
    left_out : list of str
        What else the checkpoint holds, one kind each.
    """

    tensors: dict[str, Tensor]
    left_out: list[str] = field(default_factory=list)


def model_tensors(location: str, root: Any, model: str | None, is_elsewhere: bool) -> ModelTensors:
    """Find the model in a checkpoint's value.

    Parameters
    ----------
    location : str
        The file's name in errors.
    model : str, optional
        The key of the model that is asked for; by default the usual ones, and no average of
        weights.
    is_elsewhere : bool
        Whether `model` is the name of a file or a folder instead.

    Raises
    ------
    LogError
        When the checkpoint holds no tensors, or no such model.
    """
    found = _Search(location)
    top = _items(root)
    if model is not None and not is_elsewhere:
        if model not in top:
            keys = ", ".join(str(key) for key in list(top)[:8]) or "no keys"
            raise LogError(
                f"{location}: has no model {model!r}; it has {keys}. Choose another with --model"
            )
        tensors = found.below(top[model])
        rest = {key: value for key, value in top.items() if key != model}
        return ModelTensors(tensors, _described(found, rest))
    chosen = found.model(root, 0)
    if not chosen.tensors:
        kind = f", but a {root.kind}" if isinstance(root, Opaque) else ""
        raise LogError(
            f"{location}: holds no state dict of tensors{kind}; save model.state_dict() with "
            "torch.save"
        )
    return chosen


def stated_iteration(root: Any) -> int | None:
    """Give the iteration that a checkpoint states; None where it does not."""
    top = _items(root)
    for key in ITERATION_KEYS:
        value = top.get(key)
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is int and 0 <= value < 2**63:
            return value
    return None


def _items(value: Any) -> Mapping[Any, Any]:
    if isinstance(value, dict):
        return value
    return value.state if isinstance(value, Opaque) else {}


@dataclass
class _Search:
    """Looks for tensors in nested values, within limits."""

    location: str
    nodes: int = 0

    def model(self, value: Any, depth: int) -> ModelTensors:
        """Give the model's tensors at and below a value, and what is left out."""
        items = _items(value)
        direct = any(isinstance(each, Tensor) for each in items.values())
        for key in MODEL_KEYS if not direct and depth < DEEPEST else ():
            if key not in items:
                continue
            found = self.model(items[key], depth + 1)
            if found.tensors:
                rest = {other: each for other, each in items.items() if other != key}
                return ModelTensors(found.tensors, found.left_out + _described(self, rest))
        if direct or "_modules" in items:
            return ModelTensors(self.below(value))
        kept = {key: each for key, each in items.items() if not _is_state(key)}
        averages = {key: each for key, each in kept.items() if AVERAGE.search(str(key))}
        own = {key: each for key, each in kept.items() if key not in averages}
        parts = {key: self.below(each) for key, each in own.items()}
        parts = {key: each for key, each in parts.items() if each}
        # The only part needs no name of its own.
        tensors = next(iter(parts.values())) if len(parts) == 1 else self.below(own)
        if not tensors:
            own, tensors = kept, self.below(kept)
        rest = {key: each for key, each in items.items() if key not in own}
        return ModelTensors(tensors, _described(self, rest))

    def below(self, value: Any) -> dict[str, Tensor]:
        """Give all tensors at and below a value by their dotted names."""
        return dict(self._walk(value, "", 0))

    def _walk(self, value: Any, name: str, depth: int) -> Iterator[tuple[str, Tensor]]:
        self.nodes += 1
        if self.nodes > MOST_NODES or depth > DEEPEST:
            raise LogError(
                f"{self.location}: its values are nested too deeply or refer to each other; save "
                "model.state_dict() with torch.save"
            )
        if isinstance(value, Tensor):
            yield name, value
            return
        if isinstance(value, list | tuple):
            children: Mapping[Any, Any] = dict(enumerate(value))
        else:
            children = _children(value)
        for key, each in children.items():
            if isinstance(each, Tensor | dict | Opaque | list | tuple):
                yield from self._walk(each, f"{name}.{key}" if name else str(key), depth + 1)


def _children(value: Any) -> Mapping[Any, Any]:
    """Give what is below a value: items, or the parameters and submodules of a pickled module."""
    items = _items(value)
    if not isinstance(value, Opaque) or "_modules" not in items:
        return items
    found: dict[Any, Any] = {}
    for kind in ("_parameters", "_buffers", "_modules"):
        found |= _items(items.get(kind))
    return found


def _is_state(key: Any) -> bool:
    return bool(STATES.fullmatch(str(key)) or STATES.match(str(key)))


def _described(search: _Search, rest: Mapping[Any, Any]) -> list[str]:
    """Say what lies beside the model."""
    found = []
    for key, value in rest.items():
        if not isinstance(value, Tensor | dict | Opaque | list | tuple):
            continue
        tensors = {"": value} if isinstance(value, Tensor) else search.below(value)
        if not tensors:
            continue
        count = counted(len(tensors), "tensor")
        if AVERAGE.search(str(key)):
            why = f"an average of the weights; choose it with --model {key}"
        elif _is_state(key):
            why = "a state of the training"
        else:
            why = f"beside the model; choose it with --model {key}"
        found.append(f"{count} under {str(key)!r}: {why}")
    return found
