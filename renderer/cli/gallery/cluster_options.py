"""The way out to several machines: `render gallery build --cluster` and `render worker --cluster`."""

import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from renderer.cli import printing
from renderer.cli.codes import DONE

if TYPE_CHECKING:
    from renderer.gallery.cluster.cluster_build import ClusterBuilder

ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:]+\]|[^\s/:@]+):\d{1,5}")


def builder(gallery: Path, cluster: str, jobs: int, device: str, out: Path | None) -> "ClusterBuilder":
    """What has a cluster render. UsageError."""
    if jobs != 1:
        raise click.UsageError(
            "--jobs counts processes of this machine; a cluster renders as many works as it has workers"
        )
    if out is not None:
        raise click.UsageError(
            "--out and --cluster exclude each other; render SPEC writes G-code, film and report here"
        )
    _prepare(cluster)
    from renderer.gallery.cluster.cluster_build import ClusterBuilder

    return ClusterBuilder(gallery, cluster, "cuda" if device == "cuda" else "cpu", printing.say)


def run_cluster_worker(cluster: str, device: str, threads: int | None, *, as_json: bool) -> int:
    """Renders for others until it is asked to stop, or its scheduler has gone."""
    _prepare(cluster)
    from renderer.gallery.cluster.worker_plugin import RenderPlugin
    from renderer.gallery.cluster.worker_process import run_worker

    plugin = RenderPlugin("cuda" if has_gpu(device) else "cpu", threads, printing.say)
    name = run_worker(cluster, plugin, printing.say)
    if as_json:
        printing.as_json({"worker": name, "done": plugin.done})
    else:
        printing.say(f"worker {name} has left; {printing.counted(plugin.done, 'work')} done")
    return DONE


def _prepare(cluster: str) -> None:
    """Checks the address, and has dask's own log keep to what is grave. UsageError."""
    if not ADDRESS.fullmatch(cluster):
        raise click.UsageError(f"{cluster!r} is no address of a dask scheduler; write it like tcp://192.168.1.5:8786")
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
    """Whether there is one to render with. DeviceError where one is asked for and there is none.

    Torch is asked in another process, because the worker itself has no use for it.
    """
    if device == "auto":
        code = "import torch; raise SystemExit(not torch.cuda.is_available())"
        return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0
    from renderer.cli.render import device_of

    return device_of(device) == "cuda"
