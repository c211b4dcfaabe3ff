"""Figures: each view's chart alone, as HoloViews objects for notebooks and reports."""
