"""All measures of a tile in one pass over its bytes."""
