"""What runs on workers, and what waits for what."""
