"""What a run would read, write, hold and take."""
