"""Forecasts of runs: bytes read and written, memory and time."""
