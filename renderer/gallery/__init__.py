"""A folder of finished works that know what they were made from, and so what makes them stale.

specs -> collect -> works -> key, set beside the manifests -> state -> build: a process a work -> folders -> pages
"""
