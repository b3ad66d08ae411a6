"""Sends lines of G-code to a controller and reads its replies, over a serial port or from the simulator."""
