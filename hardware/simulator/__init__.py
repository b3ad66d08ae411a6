"""Controllers in Python: for tests, dry runs and demonstrations, without a machine."""

from hardware.simulator.bench import Bench, DeviceBench, SimPort
from hardware.simulator.controller import Controller
from hardware.simulator.fault_injection import InjectedFault

__all__ = ["Bench", "Controller", "DeviceBench", "InjectedFault", "SimPort"]
