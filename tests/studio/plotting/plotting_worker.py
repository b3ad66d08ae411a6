"""A worker that plots, with short leases, to be killed: `python plotting_worker.py URL PORT FOLDER`."""

import signal
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "hardware"))

from samples import SERVO
from simulated_plot import small_card

from hardware.job.prepare import from_drawing
from hardware.wire.opener import opener
from renderer.studio.plotting.plot_worker import PlotWorker
from renderer.studio.plotting.worker_state import PlotMachine, PlotTimes
from renderer.studio.queue.store import Store


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main():
    url, port, folder = sys.argv[1:]
    uses = PlotMachine(
        "gantry",
        port,
        opener(port, SERVO),
        lambda _: from_drawing(small_card(), SERVO, "card"),
        Path(folder) / "journals",
    )
    worker = PlotWorker(Store(url), "plotter", uses, PlotTimes(lease_s=2.0, beat_s=0.3, poll_s=0.1), say)
    signal.signal(signal.SIGTERM, lambda *_: worker.leave())
    worker.run()


main()
