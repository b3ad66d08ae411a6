"""The page from which curators run the queue: a web server that knows the queue and nothing of serial ports.

`routes` is what there is; `guard` what every request has to pass; `access` links, roles and sessions; `folders` what
may be looked into; `seen` the queue as values for the templates; `actions` what buttons do, `looking` whether an
uploaded file is a picture; `answers` sentences and pages in return; `watch` whether anything has changed; `server`
uvicorn and its patience.
"""
