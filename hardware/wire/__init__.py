"""Lines of G-code to a controller and its replies, over a serial port or to the simulator."""
