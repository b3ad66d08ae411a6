"""The worker that plots jobs on one machine."""
