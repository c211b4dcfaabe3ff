"""Reads and computations of the views on a store, without widgets."""
