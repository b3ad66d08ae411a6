"""Where a queue is: in the platform's data folder, in a file, or in a PostgreSQL database."""

from pathlib import Path

from renderer.studio.queue.job_fields import COLUMNS
from renderer.studio.queue.states import StudioError

VERSION = max(3, *(field.since for field in COLUMNS))  # of the tables; 3: of the last change that is not a field's
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs", "davfs"}
_NETWORK |= {"fuse.sshfs", "fuse.rclone", "fuse.glusterfs", "fuse.s3fs", "fuse.davfs2"}


def data_folder() -> Path:
    """The folder of this user's queue and of the journals of plots."""
    import platformdirs

    return Path(platformdirs.user_data_dir("render", appauthor=False))


def url_of(named: str | None) -> str:
    """The URL of a queue's database: the given one, that of a file, or the default.

    Raises StudioError if the URL is of another kind.
    """
    if named is None:
        return f"sqlite:///{data_folder() / 'queue.db'}"
    scheme, colon, rest = named.partition("://")
    if not colon:
        return f"sqlite:///{Path(named).expanduser().absolute()}"
    match scheme:
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return f"postgresql+psycopg://{rest}"
        case _:
            raise StudioError(f"--db {named}: is neither a file nor postgresql://USER@HOST/NAME")


def network_file_system(path: Path, mounts: str | None = None) -> str | None:
    """The kind of network file system that holds this path; None on a disk of this machine, or where it is unknown.

    `mounts` is the text of /proc/self/mounts.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
        except OSError:  # not Linux
            return None
    place = path.resolve()
    found, kind = Path(), ""
    for line in mounts.splitlines():
        _, mount, fs, *_ = [*line.split(" "), "", "", ""]
        at = Path(mount.replace("\\040", " "))
        if mount and place.is_relative_to(at) and len(at.parts) >= len(found.parts):
            found, kind = at, fs
    return kind if kind in _NETWORK else None


def network_warning(file: Path) -> str:
    """A warning about an SQLite file on a network file system; empty anywhere else."""
    kind = network_file_system(file.parent)
    if not kind:
        return ""
    return (
        f"{file} is on a network file system ({kind}), where SQLite's locks do not hold;"
        " keep it on a disk of one machine, or use PostgreSQL for several"
    )
