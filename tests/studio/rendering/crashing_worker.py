"""A worker with short leases, to be killed: `python crashing_worker.py URL NAME`. Prints its messages on stdout."""

import sys
from pathlib import Path

from renderer.studio.queue import leases
from renderer.studio.queue.store import Store
from renderer.studio.rendering.attempt import RenderSettings
from renderer.studio.rendering.render_worker import RenderWorker


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


leases.BACK_OFF_S = (0.1, 0.1, 0.1)
child = (sys.executable, "-I", "-S", str(Path(__file__).with_name("quick_child.py")), "sleep 0.05")
store = Store(sys.argv[1])
manner = RenderSettings(lease_s=1.5, beat_s=0.3, poll_s=0.05, child=child)
RenderWorker(store, sys.argv[2], manner, say).run(drains=True)
