"""The page from which curators run the queue: a web server that knows the queue and nothing about serial ports.

`routes` puts the addresses together: `view_routes`, `file_routes`, `session_routes` and `action_routes` each list those
of one theme, and share a `page_context`. `request_checks` holds what every request has to pass, `access` links, roles
and sessions, `folders` the files that can be shown. `queue_views`, `gallery_works` and `plans` turn the queue, the
gallery and specs into values for the templates. `actions` carries out what buttons do, `upload_checks` looks at
uploaded pictures, `responses` makes answers, `change_stream` sends changes to browsers, `server` configures uvicorn.
"""
