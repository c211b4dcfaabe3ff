"""The info view: the run's description, tables and findings."""
