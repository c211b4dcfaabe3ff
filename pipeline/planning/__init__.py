"""What is new, which task reads what, and the empty store."""
