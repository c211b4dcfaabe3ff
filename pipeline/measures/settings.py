"""When an image or a filter is anomalous."""

from pydantic import Field

from deeptracker.settings_section import FiniteSection

__all__ = ["AnomalyConfig"]


class AnomalyConfig(FiniteSection):
    """Thresholds of anomalies."""

    image_window: int = Field(
        default=5,
        ge=1,
        le=50,
        description="snapshots of the left rule behind the iteration ranking",
    )
    filter_window: int = Field(
        default=20, ge=4, le=1000, description="snapshots of a filter's recent history"
    )
    filter_threshold: float = Field(
        default=6.0, gt=0, description="robust z-score over which a filter is anomalous"
    )
