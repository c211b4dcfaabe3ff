"""Names of parameters, without what wrappers of a network put before them."""

import re
from collections.abc import Mapping

from deeptracker.record.log_format import GRADIENT_PREFIX
from deeptracker.record.tensor_file import TensorEntry

__all__ = ["module_names", "plain_entries"]

# Anywhere in a name: torch.compile, FSDP, activation checkpointing.
ANYWHERE = re.compile(
    r"(?:^|(?<=\.))(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|_forward_module)\."
)
# At the beginning of all names: DataParallel and DDP, PEFT.
AT_THE_BEGINNING = ("module.", "base_model.model.")


def plain_entries(entries: Mapping[str, TensorEntry]) -> dict[str, TensorEntry]:
    """Give tensors by names without wrappers, with ``.`` for ``/`` and backslash.

    A gradient keeps the prefix that marks it. Where two names would become one, all stay as they
    are.
    """
    gradients = [name.startswith(GRADIENT_PREFIX) for name in entries]
    bare = [name.removeprefix(GRADIENT_PREFIX) for name in entries]
    plain = _plain(bare)
    found = {
        GRADIENT_PREFIX + name if gradient else name: entry
        for name, gradient, entry in zip(plain, gradients, entries.values(), strict=True)
    }
    return found if len(found) == len(entries) else dict(entries)


def module_names(modules: Mapping[str, str]) -> dict[str, str]:
    """Give module types by names without wrappers, as parameters have them."""
    wrappers = {"", *(part.rstrip(".") for part in AT_THE_BEGINNING), "base_model"}
    named = {name: kind for name, kind in modules.items() if name not in wrappers}
    plain = dict(zip(_plain(list(named)), named.values(), strict=True))
    found = {"": modules[""]} if "" in modules else {}
    return found | plain if len(plain) == len(named) else dict(modules)


def _plain(names: list[str]) -> list[str]:
    names = [
        ANYWHERE.sub("", name.replace("/", ".").replace("\\", ".") if _separated(name) else name)
        for name in names
    ]
    while names:
        first = next((p for p in AT_THE_BEGINNING if all(name.startswith(p) for name in names)), "")
        if not first:
            break
        names = [name.removeprefix(first) for name in names]
    return names


def _separated(name: str) -> bool:
    return "/" in name or "\\" in name
