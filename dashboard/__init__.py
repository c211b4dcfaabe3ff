"""Show: a store becomes a page of linked views."""
