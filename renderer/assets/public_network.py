"""Downloads that reach only public addresses, for programs that fetch what other people's specs name.

A spec can name any address, also one that only this machine can reach: itself, a router, a cloud's metadata. On one's
own machine that is fine. A worker of a queue fetches for others, so it calls `only_public` before it fetches anything.
"""

import http.client
import ipaddress
import socket
import ssl
import urllib.request

_STATE = {"only_public": False}  # of this process
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class ForbiddenAddressError(Exception):
    """An address that this process does not fetch from."""


def only_public() -> None:
    """From now on, this process fetches only from public addresses."""
    _STATE["only_public"] = True


def is_guarded() -> bool:
    """Whether this process fetches only from public addresses, for others."""
    return _STATE["only_public"]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public network. An IPv4 address within an IPv6 address counts as itself."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        return is_public(str(inner)) if inner is not None else ip.is_global and not ip.is_multicast
    return ip.is_global and not ip.is_multicast


def public_addresses(host: str, port: int) -> list[str]:
    """The IP addresses of a host. Raises ForbiddenAddressError if one is not public, and OSError if it has none."""
    found = [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not all(map(is_public, found)):
        raise ForbiddenAddressError(
            f"{host} is not a public address, and a worker fetches only from those; upload the picture and name its"
            " file, or start the worker with --private-addresses"
        )
    return found


class PublicHandler(urllib.request.BaseHandler):
    """Checks each request, also one that follows a redirect, and connects to the very address that was checked."""

    handler_order = 200  # after the proxy, which has changed the request if there is one

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        """Raises ForbiddenAddressError. Comes before a proxy is chosen, so it checks what the proxy would fetch."""
        try:
            port = _split(request.host)[1]
            public_addresses(_split(request.host)[0], port or (443 if request.type == "https" else 80))
        except UnicodeError as error:
            raise ValueError(f"{request.host!r} is not the name of a host") from error
        return request

    https_request = http_request

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return _do_open(http.client.HTTPConnection if request.has_proxy() else PublicConnection, request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        through = http.client.HTTPSConnection if request.has_proxy() else PublicTlsConnection
        return _do_open(through, request)


class PublicConnection(http.client.HTTPConnection):
    """A connection to a public address."""

    def connect(self) -> None:
        """Raises ForbiddenAddressError and OSError."""
        error: OSError = OSError(f"{self.host} has no address")
        for address in public_addresses(self.host, self.port):
            try:
                self.sock = socket.create_connection((address, self.port), self.timeout)
                return
            except OSError as failed:
                error = failed
        raise error


class PublicTlsConnection(PublicConnection):
    """An encrypted connection to a public address."""

    default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        """Raises ForbiddenAddressError and OSError."""
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def _do_open(kind: type[http.client.HTTPConnection], request: urllib.request.Request) -> http.client.HTTPResponse:
    return urllib.request.AbstractHTTPHandler().do_open(kind, request)


def _split(host: str) -> tuple[str, int | None]:
    connection = http.client.HTTPConnection(host)
    has_port = host.rpartition(":")[2].isdigit() and not host.endswith("]")
    return connection.host, connection.port if has_port else None
