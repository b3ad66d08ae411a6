"""The page from which curators run the queue: a web server that knows the queue and nothing of serial ports.

`routes` is what there is; `guard` what every request has to pass; `access` links, roles and sessions; `folders` what
may be looked into; `seen` the queue as values for the templates; `actions` what buttons do; `watch` whether anything
has changed.
"""
