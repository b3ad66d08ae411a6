"""Ports: what answers, which program has them open, and what to do if they cannot be opened."""

import errno
import os
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from samples import SERVO

from hardware.simulator import Bench
from hardware.simulator.pty import served
from hardware.simulator.settings import for_machine
from hardware.wire import port_scan, serial_port
from hardware.wire.opener import opener
from hardware.wire.port import PortError
from hardware.wire.serial_port import SerialPort, permission_advice

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardware.wire.grbl_identity.GREETING_S", 0.3)
    monkeypatch.setattr("hardware.wire.port_scan.LISTEN_S", 0.2)


def test_a_controller_tells_its_name() -> None:
    with served(Bench(for_machine(SERVO), fast=False)) as terminal:
        assert port_scan.identify(terminal.name) == ("Grbl 1.1h.20190830", True)


def test_a_port_that_somebody_has_is_left_alone() -> None:
    with served(Bench(for_machine(SERVO), fast=False)) as terminal:
        port = SerialPort(terminal.name)
        try:
            assert port_scan.identify(terminal.name) == (
                "another program has it open (a second plot, a terminal, another sender); close that program first",
                False,
            )
        finally:
            port.close()


def test_an_old_grbl_is_named() -> None:
    bench = Bench(for_machine(SERVO), fast=False)
    bench.controller.on_say = lambda text: "<Idle,MPos:0.000,0.000,0.000,WPos:0.000,0.000,0.000>"
    with served(bench) as terminal:
        answer, is_usable = port_scan.identify(terminal.name)
    assert answer.startswith("GRBL 0.9 or older is too old: ")
    assert not is_usable


@pytest.mark.usefixtures("quick")
def test_a_port_on_which_nothing_speaks() -> None:
    near, far = os.openpty()
    try:
        assert port_scan.identify(os.ttyname(far)) == ("neither GRBL nor Marlin answers", True)
    finally:
        os.close(near)
        os.close(far)


def test_ports_without_hardware_behind_them_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        SimpleNamespace(device="/dev/ttyS0", description="n/a", hwid="n/a"),
        SimpleNamespace(device="/dev/ttyUSB0", description="USB Serial", hwid="USB VID:PID=1A86:7523"),
    ]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: found)
    assert serial_port.names() == ["/dev/ttyUSB0"]
    monkeypatch.setattr(port_scan, "identify", lambda name: (f"Grbl on {name}", True))
    assert port_scan.scan_ports() == [port_scan.ScannedPort("/dev/ttyUSB0", "USB Serial", "Grbl on /dev/ttyUSB0", True)]


def refusing(code: int) -> Callable[..., None]:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    return refuse


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.EACCES, "/dev/ttyX9: no permission; join the group dialout: sudo usermod -aG dialout $USER, then log out"
                       " and in"),
        (errno.EBUSY, "/dev/ttyX9: another program has it open (a second plot, a terminal, another sender); close that"
                      " program first"),
        (errno.EIO, "/dev/ttyX9: cannot be opened: [Errno 5] Input/output error"),
    ],
)  # fmt: skip
def test_why_a_port_cannot_be_opened_and_what_would_do(
    code: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serial.Serial.open", refusing(code))
    with pytest.raises(PortError) as caught:
        opener("/dev/ttyX9", SERVO)()
    assert str(caught.value) == message


def test_who_may_use_a_port_is_its_group() -> None:
    assert permission_advice("/nowhere").startswith("join the group dialout: ")
    assert permission_advice("/dev/null") == "only root may use it; a udev rule can give it to a group such as dialout"
