"""The worker that renders jobs, each in a process of its own."""
