"""The sizes of a run that the shapes of its store's arrays follow from."""

from dataclasses import dataclass

__all__ = ["RunShape"]


@dataclass(frozen=True)
class RunShape:
    """Sizes that the arrays' shapes follow from.

    Attributes
    ----------
    outcome : str
        ``"loss"``, ``"confidence"`` or ``""``: the quantity recorded with the predicted class.
    levels : int
        Pyramid levels; 0 for as many as the weights need.
    made_with : int
        How many parameters the store was made with, the first ones: chunks and shards stay as these
        need them, however many are added. 0 for all.
    """

    iterations: int
    columns_per_chunk: int
    split_weights: int
    thresholds: int
    bins: int
    images: int = 0
    classes: int = 0
    outcome: str = ""
    levels: int = 0
    made_with: int = 0
