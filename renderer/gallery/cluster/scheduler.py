"""The address of a dask scheduler -> a connection, or what is wrong and what would work."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from distributed import Client, Security

CONNECT_S = 10.0
GPU = {"GPU": 1.0}  # offered by a worker with a GPU, and taken by a work that needs one


class ClusterError(Exception):
    """A cluster that cannot be used; the message says where, what was found and what would work."""


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of the scheduler at an address. Raises ClusterError if there is none."""
    check_certificates(address, "client")
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False, name="render")
    except (OSError, ValueError) as error:
        raise no_scheduler(address, CONNECT_S, error) from error
    try:
        yield client
    finally:
        with suppress(OSError):
            client.close(timeout=5)


def check_certificates(address: str, role: str) -> None:
    """Raise ClusterError if the address is tls:// and dask has no certificates."""
    if address.startswith("tls://") and Security().get_connection_args(role).get("ssl_context") is None:
        raise ClusterError(
            f"{address} needs certificates; name them in DASK_DISTRIBUTED__COMM__TLS__CA_FILE and "
            f"..._TLS__{role.upper()}__CERT and ..._TLS__{role.upper()}__KEY, or in dask's configuration"
        )


def no_scheduler(address: str, waited_s: float, error: Exception) -> ClusterError:
    """The error for an address without a scheduler."""
    text = " ".join(str(error).split())
    why = "" if not text or text.startswith("Timed out") else f" ({text})"
    return ClusterError(
        f"no dask scheduler answers at {address} within {waited_s:g} s{why}; check the address, or start one there "
        "with dask scheduler --host ADDRESS"
    )
