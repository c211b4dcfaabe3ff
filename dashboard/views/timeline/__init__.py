"""The timeline: scalars, anomaly counts and findings over iterations."""
