"""Health rules, one file per rule or family: its condition and its message."""
