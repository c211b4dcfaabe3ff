"""Conclusions over the whole training, computed after all measures."""
