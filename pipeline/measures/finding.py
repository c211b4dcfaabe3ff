"""A finding: one thing that is wrong in a training; and when each rule speaks."""

from dataclasses import dataclass

__all__ = ["Finding", "FindingThresholds"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    rule : str
        The rule's name.
    severity : {"error", "warning", "info"}
    node, class_ : str
        Where; empty where it does not apply.
    iteration : int
        When it began.
    value : float
        The number behind it.
    message : str
        A sentence.
    """

    rule: str
    severity: str
    node: str
    class_: str
    iteration: int
    value: float
    message: str


@dataclass(frozen=True)
class FindingThresholds:
    """When each rule speaks.

    Attributes
    ----------
    exploding_update_ratio : float
        norm2(D) / norm2(P) of a layer over which an update explodes.
    exploding_update_factor : float
        How many times its own median the ratio must be as well.
    vanishing_update_ratio : float
        Update ratio of a layer under which it hardly learns.
    dead_norm : float
        Root mean square weight under which a filter or layer is dead.
    still_snapshots : int
        Successive snapshots for which a layer must not learn, or a filter not change.
    saturated_error : float
        Error of a class from which it is never recognised.
    mass_flip_share : float
        Share of all images that flip at once.
    loss_spike_factor : float
        A loss so many times the median of those before it is a spike.
    forgetting_rise : float
        By how much a class's last error exceeds its least.
    history : int
        Snapshots that a value is compared with.
    per_rule : int
        Findings of one rule at most; the strongest stay.
    """

    exploding_update_ratio: float = 0.3
    exploding_update_factor: float = 5.0
    vanishing_update_ratio: float = 1e-7
    dead_norm: float = 1e-12
    still_snapshots: int = 10
    saturated_error: float = 0.99
    mass_flip_share: float = 0.1
    loss_spike_factor: float = 3.0
    forgetting_rise: float = 0.2
    history: int = 20
    per_rule: int = 50
