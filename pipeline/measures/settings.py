"""When an image, a filter or a run is anomalous."""

from pydantic import Field

from deeptracker.settings_section import MOST, FiniteSection, Share

__all__ = ["AnomalyConfig", "FindingConfig"]


class AnomalyConfig(FiniteSection):
    """What counts as anomalous."""

    image_window: int = Field(
        default=5,
        ge=1,
        le=50,
        description="snapshots of the left rule behind the iteration ranking",
    )
    filter_window: int = Field(
        default=20, ge=4, le=1000, description="snapshots of a filter's own recent history"
    )
    filter_threshold: float = Field(
        default=6.0, gt=0, description="robust z-score over which a filter is anomalous"
    )


class FindingConfig(FiniteSection):
    """When each health rule speaks; see `FindingThresholds` of `measures.finding`."""

    exploding_update_ratio: float = Field(
        default=0.3, gt=0, description="a layer's update over its norm above which it explodes"
    )
    exploding_update_factor: float = Field(
        default=5.0, gt=0, description="how many times its own median the ratio must be as well"
    )
    vanishing_update_ratio: float = Field(
        default=1e-7,
        ge=0,
        description="a layer's update over its norm below which it hardly learns",
    )
    dead_norm: float = Field(default=1e-12, ge=0, description="root mean square weight of the dead")
    still_snapshots: int = Field(
        default=10, ge=2, le=MOST, description="snapshots without learning"
    )
    saturated_error: Share = Field(default=0.99, description="error of a class never recognised")
    mass_flip_share: Share = Field(default=0.1, description="share of the images that flip at once")
    loss_spike_factor: float = Field(default=3.0, gt=1, description="times the median before")
    forgetting_rise: Share = Field(
        default=0.2, description="rise of a class's error from its least"
    )
    history: int = Field(
        default=20, ge=5, le=MOST, description="snapshots that a value is compared with"
    )
    per_rule: int = Field(default=50, ge=1, le=MOST, description="findings of one rule at most")
