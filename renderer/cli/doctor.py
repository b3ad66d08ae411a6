"""`render doctor`: what this machine has and what is missing."""

import dataclasses
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hardware
from hardware.plurals import counted
from renderer import assets
from renderer.assets.weights import Trunk, at_hand
from renderer.cli import printing
from renderer.cli.codes import DONE
from renderer.manifest import versions
from renderer.spec.networks import IMAGENET, LAYERS


@dataclass(frozen=True)
class Finding:
    """The result of one check. If `well` is False, the text says what will not work; that is not an error."""

    name: str
    well: bool
    text: str


def examine(*, as_json: bool) -> int:
    """Check everything and print the findings; always succeed."""
    findings = list(_findings())
    if as_json:
        printing.as_json(
            {"well": all(one.well for one in findings), "findings": [dataclasses.asdict(f) for f in findings]}
        )
        return DONE
    widest = max(len(one.name) for one in findings)
    for one in findings:
        printing.data(f"{'ok  ' if one.well else 'warn'}  {one.name:<{widest}}  {one.text}")
    return DONE


def _findings() -> Iterator[Finding]:
    yield Finding("render", True, f"{hardware.__version__}, {Path(hardware.__file__).parent.parent}")
    yield Finding("python", sys.version_info >= (3, 11), f"{platform.python_version()}, {platform.platform()}")
    yield from _torch()
    yield _memory()
    yield _compiled()
    yield from _cache()
    yield from _ports()


def _torch() -> Iterator[Finding]:
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a library that torch needs is missing
        yield Finding("torch", False, f"cannot be imported ({error}); install it again")
        return
    yield Finding("torch", True, torch.__version__)
    others = ", ".join(f"{name} {version}" for name, version in versions().items() if name not in {"renderer", "torch"})
    yield Finding("packages", True, others)
    yield Finding("threads", True, f"{torch.get_num_threads()} of {os.cpu_count()} cores")
    names = (
        [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    )
    yield Finding("devices", True, ", ".join(["cpu", *(f"cuda ({name})" for name in names)]))


def _memory() -> Finding:
    """The memory of the machine; if it cannot be found out, that is not a fault."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return Finding("memory", True, "unknown here")
    enough = total >= 2e9
    return Finding("memory", enough, printing.size(total) + ("" if enough else "; a large work takes 1.5 GB"))


def _compiled() -> Finding:
    """Where numba keeps compiled kernels; without that, each run compiles them again."""
    folder = Path(__file__).parent.parent / "raster" / "__pycache__"
    named = os.environ.get("NUMBA_CACHE_DIR")
    place = Path(named) if named else folder
    kept = len(list(place.rglob("*.nbc"))) if place.is_dir() else 0
    parent = next(p for p in (place, *place.parents) if p.exists())
    if _writable(parent):
        return Finding("compiled", True, f"{counted(kept, 'kernel')} kept in {place}")
    return Finding(
        "compiled",
        kept > 0,
        f"{place} cannot be written, so kernels are compiled again in each run; set NUMBA_CACHE_DIR",
    )


def _writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _cache() -> Iterator[Finding]:
    folder = assets.cache_folder()
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    parent = next(p for p in (folder, *folder.parents) if p.exists())
    used = printing.size(sum(path.stat().st_size for path in files))
    well = _writable(parent)
    yield Finding("cache", well, f"{folder}, {used}" if well else f"{folder} cannot be written; set RENDER_CACHE")
    known = assets.known()
    here = [asset.name for asset in known if assets.find_start(asset.sha256)]
    missing = [asset.name for asset in assets.PICTURES if asset.name not in here]
    text = f"{len(here)} of {len(known)} here" + (f"; render assets fetch gets {', '.join(missing)}" if missing else "")
    yield Finding("assets", True, text)
    seeing = [name for name in LAYERS if at_hand(Trunk(name, IMAGENET), folder)]
    yield Finding("weights", True, f"of {', '.join(seeing) or 'no network'}; render assets list shows others")


def _ports() -> Iterator[Finding]:
    """Each serial port with what answers there: a controller, or why none does."""
    try:
        from hardware.wire.port_scan import scan_ports

        found = scan_ports()
    except ImportError:
        yield Finding("ports", False, "pyserial is missing; install it again")
        return
    if not found:
        yield Finding("ports", True, "no serial port: no machine is plugged in")
    for port in found:
        yield Finding("port", port.is_usable, f"{port.name} ({port.description}): {port.answer}")
