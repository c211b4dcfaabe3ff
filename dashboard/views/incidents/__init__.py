"""What happened: the run's incidents as cards that lead to their places."""
