"""Legends: the meanings of pixel colours."""

__all__ = ["PIXELS_SAY"]

# The meanings of image pixels' colours, in HTML.
PIXELS_SAY = {
    "correct": "<i class='dt-wrong'></i> wrong <i class='dt-right'></i> right",
    "predicted": (
        "<i class='dt-right'></i> right; one colour a wrong class, point at it for its name"
    ),
}
