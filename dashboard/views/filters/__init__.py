"""Filters as pixels, lists and rasters, for the views that show them."""
