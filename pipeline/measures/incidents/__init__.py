"""Incidents: what happened in a training, when, and what moved first."""
