"""A gallery that the workers of a dask cluster render."""
