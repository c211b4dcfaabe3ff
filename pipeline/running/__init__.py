"""Running work on a cluster: jobs, stragglers, standstills, progress and the task log."""
