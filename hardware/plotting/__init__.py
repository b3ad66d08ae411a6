"""Draws a job with a plotter or drawing robot: streams its lines, asks for pens, recovers from what goes wrong.

    from hardware.job.prepare import from_drawing
    from hardware.plotting.control import Control
    from hardware.plotting.plot import Plot
    from hardware.wire.opener import opener

    job = from_drawing(drawing, machine, "my card")
    control = Control(print)
    Plot(job, opener("/dev/ttyUSB0", machine), control, Path("my-card.journal")).run()

`hardware.plotting.control` says how a plot is watched and steered.
"""
