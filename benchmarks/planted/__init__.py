"""Small trainings with planted faults, and how well they are told; see `findings.py`."""
