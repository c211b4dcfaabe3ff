"""Gradients, module types and framework of a model, read without importing its framework."""

import sys
from collections.abc import Mapping
from typing import Any

__all__ = ["framework_of", "gradients_of", "modules_of"]


def gradients_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Give the existing gradients, by parameter name."""
    return {
        name: value.grad
        for name, value in parameters.items()
        if getattr(value, "grad", None) is not None
    }


def modules_of(model: Any) -> dict[str, str]:
    """Give the type of each module by its name; empty if the model does not list modules."""
    if not hasattr(model, "named_modules"):
        return {}
    return {name: type(module).__name__ for name, module in model.named_modules()}


def framework_of(model: Any) -> str:
    """Give the framework and its version, as in ``torch 2.13.0``; empty if it is unknown."""
    for kind in type(model).__mro__:
        package = kind.__module__.split(".")[0]
        if package in ("torch", "jax", "flax", "keras", "tensorflow"):
            version = getattr(sys.modules.get(package), "__version__", "")
            return f"{package} {version}".strip()
    return ""
