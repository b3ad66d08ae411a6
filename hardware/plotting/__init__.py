"""Plots a job on a plotter or drawing robot: streams its lines, asks for pens, recovers from faults.

    from hardware.job.prepare import from_drawing
    from hardware.plotting.control import Control
    from hardware.plotting.plot import Plot
    from hardware.wire.opener import opener

    job = from_drawing(drawing, machine, "my card")
    control = Control(print)
    Plot(job, opener("/dev/ttyUSB0", machine), control, Path("my-card.journal")).run()

`hardware.plotting.control` describes how to observe and control a plot.
"""
