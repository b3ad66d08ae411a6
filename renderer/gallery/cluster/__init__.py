"""Building a gallery with the workers of a dask cluster."""
