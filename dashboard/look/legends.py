"""Legends: what colours of pixels stand for."""

__all__ = ["PIXELS_SAY"]

# What colours of image pixels mean, in HTML.
PIXELS_SAY = {
    "correct": "<i class='dt-wrong'></i> wrong <i class='dt-right'></i> right",
    "predicted": (
        "<i class='dt-right'></i> right; one colour a wrong class, point at it for its name"
    ),
}
