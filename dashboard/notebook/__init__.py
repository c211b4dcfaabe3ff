"""Figures: the chart of each view as a HoloViews object, for notebooks and reports."""
