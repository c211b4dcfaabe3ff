"""Arrays of the store: what they are, and how they are written and read many at a time."""
