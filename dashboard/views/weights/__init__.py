"""The weight view: rasters down to single weights."""
