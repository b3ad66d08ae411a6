"""The queue: jobs, questions and workers as rows of a database, and everything that changes them."""
