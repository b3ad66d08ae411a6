"""`render serve`: the page from which curators run the queue."""

import signal
import socket
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

import click

from renderer.cli import printing
from renderer.cli.codes import DONE
from renderer.cli.queue.database import opened
from renderer.studio.calling.caller import Caller
from renderer.studio.calling.channel_settings import load_channels
from renderer.studio.page.access import ROLES, Access, key_in
from renderer.studio.page.ended_access import EndedAccess
from renderer.studio.page.folders import Folders
from renderer.studio.page.page_settings import PageSettings, cameras_of
from renderer.studio.page.request_checks import LOOPBACK
from renderer.studio.queue.location import data_folder
from renderer.studio.queue.states import StudioError
from renderer.studio.queue.store import Store

PATIENCE_S = 3  # to wait for browsers at the end
OPEN = (
    "warning: anyone who can reach {at} and has a link can use this page, and the connection is not encrypted; use it"
    " only on a network that you trust, or behind a proxy with TLS"
)


def serve(  # each an option of the command
    *,
    host: str,
    port: int,
    allowed_host: tuple[str, ...],
    camera: tuple[str, ...],
    calls: Path | None,
    specs: Path,
    out: Path,
    gallery: Path,
    links: bool,
    new_links: bool,
    db: str | None,
    as_json: bool,
    **one_link: str | None,  # link_for, role, revoke
) -> int:
    """Serve the page until Ctrl-C. Plots and renders do not depend on it.

    Raises UsageError if --allowed-host or the folder of specs is missing, and StudioError if the key cannot be kept or
    the port is taken.
    """
    if host not in LOOPBACK and not allowed_host:
        raise click.UsageError(
            f"--host {host} opens the page to other machines; give the host name that they use with --allowed-host"
        )
    if not specs.is_dir():
        raise click.UsageError(
            f"--specs {specs}: there is no such folder; name the folder of the specs that can be queued"
        )
    cameras, channels = cameras_of(camera), load_channels(calls) if calls else ()
    with opened(db) as store:
        ended = EndedAccess(_key_folder(store) / "page.ended")
        access = Access(key_in(_key_folder(store), renewed=new_links), ended=ended)
        if new_links:
            ended.forget()
        shown = allowed_host[0] if host not in LOOPBACK else f"[{host}]" if ":" in host else host
        if (revoke := one_link["revoke"]) is not None:
            ended.end(revoke)
            printing.say(f"the link {revoke} is revoked, and the sessions that it opened are closed")
            return DONE
        if links or one_link["link_for"] is not None:
            _print_wanted_links(access, f"http://{shown}:{port}", as_json, one_link)
            return DONE
        with _bound_socket(host, port) as listening:
            real_port = listening.getsockname()[1]
            if host not in LOOPBACK:
                printing.say(OPEN.format(at=f"{host}:{real_port}"))
            _print_links(access, f"http://{shown}:{real_port}", as_json)
            folders = Folders(specs.resolve(), out.resolve(), gallery.resolve() if gallery.is_dir() else None)
            with closing(Caller(store, channels, printing.say)) as caller:
                caller.start()
                _run(store, folders, access, listening, allowed_host, PageSettings(cameras))
    printing.say("the page is closed; workers go on without it")
    return DONE


def _key_folder(store: Store) -> Path:
    return store.file.absolute().parent if store.file else data_folder()


def _print_wanted_links(access: Access, address: str, as_json: bool, one_link: Mapping[str, str | None]) -> None:
    """The link of one person, or those of all roles."""
    person = one_link["link_for"]
    if person is None:
        _print_links(access, address, as_json)
    else:
        _print_personal_link(access, address, str(one_link["role"]), person, as_json)


def _print_personal_link(access: Access, address: str, role: str, name: str, as_json: bool) -> None:
    token, link = access.personal_token(role, name)
    if as_json:
        printing.as_json({"link": f"{address}/enter?token={token}", "revoke": link})
        return
    printing.data(f"{role:<9} {address}/enter?token={token}")
    printing.say(f"a link for {name}; render serve --revoke {link} ends it and nothing else")


def _print_links(access: Access, address: str, as_json: bool) -> None:
    """Print the links; anyone with a link has its role."""
    links = {role: f"{address}/enter?token={access.token(role)}" for role in reversed(ROLES)}
    if as_json:
        printing.as_json({"links": links})
        return
    for role, link in links.items():
        printing.data(f"{role:<9} {link}")
    printing.say("open a link in a browser; anyone with a link can do what its role can. Ctrl-C closes the page")


def _bound_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # before the links are printed, so that a quick browser waits instead of being refused
    except OSError as error:
        listening.close()
        raise StudioError(
            f"{host}:{port}: the server cannot listen there ({error.strerror}); name another port with --port"
        ) from error
    return listening


def _run(
    store: Store,
    folders: Folders,
    access: Access,
    listening: socket.socket,
    names: tuple[str, ...],
    settings: PageSettings,
) -> None:
    import uvicorn

    from renderer.studio.page.routes import Page
    from renderer.studio.page.server import config

    page = Page(store, folders, access, f"render-{listening.getsockname()[1]}", settings)

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            page.watch.end()
            page.drafts.close()
            await super().shutdown(sockets)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # uvicorn passes the signal on when it has closed
    with suppress(KeyboardInterrupt):
        Server(config(page.application(names), goodbye_s=PATIENCE_S)).run([listening])
