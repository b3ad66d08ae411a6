"""Programs that run a machine by themselves: send them a file by HTTP, start it, follow it, pause and stop it."""
