"""The list of health rules, and the config section with their thresholds."""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import create_model

from deeptracker.pipeline.measures.rules.rule import FilterRule, Limits, Rule, RunRule

__all__ = ["FILTER_RULES", "RULES", "RUN_RULES", "FindingConfig", "section_of"]

# Modules of this folder with a tuple RULES; findings of equal severity are in this order.
FILES = (
    "not_finite",
    "exploding_update",
    "still_layer",
    "dead_layer",
    "saturated_class",
    "mass_flip",
    "loss_spike",
    "forgetting",
    "still_filter",
)
RULES: tuple[Rule, ...] = tuple(
    rule for name in FILES for rule in import_module(f"{__package__}.{name}").RULES
)
RUN_RULES = tuple(rule for rule in RULES if isinstance(rule, RunRule))
FILTER_RULES = tuple(rule for rule in RULES if isinstance(rule, FilterRule))


def section_of(rules: Sequence[Rule]) -> Any:
    """Make the config section with the thresholds of some rules.

    Raises
    ------
    ValueError
        When two rules use one key with different meanings.
    """
    owners: dict[str, type] = {}
    for rule in rules:
        for key in rule.limits.model_fields:
            owner = next(each for each in rule.limits.__mro__ if key in each.__annotations__)
            if owners.setdefault(key, owner) is not owner:
                raise ValueError(
                    f"rule '{rule.name}': the threshold '{key}' belongs to another rule; rename it"
                )
    bases = dict.fromkeys(rule.limits for rule in rules if rule.limits is not Limits)
    return create_model(
        "FindingConfig", __base__=(*bases,), __doc__="Thresholds of the health rules."
    )


if TYPE_CHECKING:
    FindingConfig = Limits
else:
    FindingConfig = section_of(RULES)
