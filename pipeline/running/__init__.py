"""Work on a cluster while it runs: jobs, those that lag or hang, and what people see of it."""
