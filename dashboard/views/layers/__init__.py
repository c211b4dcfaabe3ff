"""The layer view: the architecture tree as small multiples."""
