"""The studio: a queue of works to render and to plot, in a database; and the workers that take from it."""
