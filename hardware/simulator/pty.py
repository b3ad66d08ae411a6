"""The simulated controller behind a pseudo-terminal, for any sender: `python -m hardware simulate`."""

import os
import select
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from hardware.simulator.bench import DeviceBench, SimPort

ROUND_S = 0.005


class PseudoTerminal:
    """A pseudo-terminal with a controller at the far end. `name` is what a sender opens."""

    def __init__(self, bench: DeviceBench) -> None:
        self.bench = bench
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        self.name = os.ttyname(self._far)
        self._port: SimPort = bench.open()
        self._stopping = threading.Event()
        self.lock = threading.Lock()  # held while the controller runs

    def serve(self) -> None:
        """Transfer bytes in both directions until `stop` is called."""
        while not self._stopping.is_set():
            ready, _, _ = select.select([self._near], [], [], ROUND_S)
            with self.lock:
                try:
                    if ready:
                        self._port.write(os.read(self._near, 4096))
                    if reply := self._port.read(0.0):
                        os.write(self._near, reply)
                except OSError:  # a fault unplugged the cable; it is plugged in again later
                    self._plug_in()

    def _plug_in(self) -> None:
        if self.bench.port is None and self.bench.now() >= self.bench.plugged_at:
            self._port = self.bench.open()

    def stop(self) -> None:
        self._stopping.set()

    def close(self) -> None:
        os.close(self._near)
        os.close(self._far)


@contextmanager
def served(bench: DeviceBench) -> Iterator[PseudoTerminal]:
    """Serve a pseudo-terminal in a thread during the block. The bench must not be `fast`."""
    terminal = PseudoTerminal(bench)
    thread = threading.Thread(target=terminal.serve, daemon=True)
    thread.start()
    try:
        yield terminal
    finally:
        terminal.stop()
        thread.join(5)
        terminal.close()
