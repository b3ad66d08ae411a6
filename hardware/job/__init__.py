"""The job that is sent to a controller: lines of G-code, each with its pass, its stroke and its target."""
