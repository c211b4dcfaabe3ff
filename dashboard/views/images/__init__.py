"""Image cards, lists and grids, for the views that show them."""
