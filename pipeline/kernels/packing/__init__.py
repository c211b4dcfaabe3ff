"""Bit planes and LZ4 blocks of the store's chunks."""
