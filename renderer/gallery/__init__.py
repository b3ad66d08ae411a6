"""A folder of finished works that know what they were made from, and so what makes them stale.

specs -> collect -> works -> key, compared with the manifests -> state -> build: a process per work -> folders -> pages
"""
