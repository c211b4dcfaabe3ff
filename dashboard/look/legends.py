"""Legends: the meanings of pixel colours."""

__all__ = ["PIXEL_LEGENDS"]

# The meanings of image pixels' colours, in HTML.
PIXEL_LEGENDS = {
    "correct": "<i class='dt-wrong'></i> wrong <i class='dt-right'></i> right",
    "predicted": (
        "<i class='dt-right'></i> right; each wrong class has a colour: point at it for its name"
    ),
}
