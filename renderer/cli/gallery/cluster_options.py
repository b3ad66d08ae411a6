"""Building on several machines: `render gallery build --cluster` and `render worker --cluster`."""

import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hardware.plurals import counted
from renderer.cli import printing
from renderer.cli.codes import DONE

if TYPE_CHECKING:
    from renderer.gallery.cluster.cluster_build import ClusterBuilder

ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:]+\]|[^\s/:@]+):\d{1,5}")


def builder(gallery: Path, cluster: str, jobs: int, device: str, out: Path | None) -> "ClusterBuilder":
    """The builder that lets a cluster render. Raises UsageError."""
    if jobs != 1:
        raise click.UsageError(
            "--jobs counts processes of this machine; a cluster renders as many works at once as it has workers"
        )
    if out is not None:
        raise click.UsageError(
            "--out and --cluster exclude each other; render SPEC writes G-code, film and report here"
        )
    _prepare(cluster)
    from renderer.gallery.cluster.cluster_build import ClusterBuilder

    return ClusterBuilder(gallery, cluster, "cuda" if device == "cuda" else "cpu", printing.say)


def run_cluster_worker(cluster: str, device: str, threads: int | None, *, as_json: bool) -> int:
    """Render for others until asked to stop, or until the scheduler is gone.

    Raises UsageError, DeviceError, ClusterError.
    """
    _prepare(cluster)
    from renderer.gallery.cluster.worker_plugin import RenderPlugin
    from renderer.gallery.cluster.worker_process import run_worker

    plugin = RenderPlugin("cuda" if has_gpu(device) else "cpu", threads, printing.say)
    name = run_worker(cluster, plugin, printing.say)
    if as_json:
        printing.as_json({"worker": name, "done": plugin.done})
    else:
        printing.say(f"worker {name} has left; {counted(plugin.done, 'work')} done")
    return DONE


def _prepare(cluster: str) -> None:
    """Check the address, and limit dask's own log to critical messages. Raises UsageError."""
    if not ADDRESS.fullmatch(cluster):
        raise click.UsageError(
            f"{cluster!r} is not the address of a dask scheduler; write it like tcp://192.168.1.5:8786"
        )
    try:
        import distributed
    except ModuleNotFoundError as error:
        if error.name != "distributed":
            raise
        raise click.UsageError(
            "--cluster needs dask.distributed, which is not installed: pip install 'artwork-renderer[cluster]'"
        ) from None
    loud = [name for name in logging.root.manager.loggerDict if name.startswith("distributed.")]
    for name in (distributed.__name__, *loud):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def has_gpu(device: str) -> bool:
    """Whether to render with a GPU. Raises DeviceError if one is asked for and there is none.

    Another process asks torch, because the worker itself does not need it.
    """
    if device == "auto":
        code = "import torch; raise SystemExit(not torch.cuda.is_available())"
        return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0
    from renderer.cli.render import device_of

    return device_of(device) == "cuda"
