"""Measures over small arrays: outcomes, anomalies, associations, rankings and findings."""
