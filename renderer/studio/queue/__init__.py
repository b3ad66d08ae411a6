"""The queue: jobs, questions and workers as rows of a database, and all that changes them."""
