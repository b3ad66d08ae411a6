"""What the buttons beside a machine do while it plots nothing. The rules are those of `actions`."""

from hardware.plotting.move_names import MOST_JOG_MM, MOVES
from renderer.studio.page import queue_views
from renderer.studio.page.access import Session
from renderer.studio.page.actions import ActionContext, Form, need, number_of, text_of, whole_of
from renderer.studio.page.folders import NotFound
from renderer.studio.queue import ink_supply, machine_moves
from renderer.studio.queue.states import StudioError


def steer(context: ActionContext, session: Session, machine: str, form: Form) -> str:
    """Ask the worker of a machine for a move. Raises Refused with the reason if it must not be made now, NotFound."""
    need(session, "operator", "steer a machine")
    _known(context, machine)
    name = text_of(form, "move")
    if name not in MOVES:
        raise StudioError(f"move: {name!r} is not one of {', '.join(MOVES)}")
    numbers = {axis: number_of(form, axis, MOST_JOG_MM) for axis in "xy" if form.get(axis)}
    job = whole_of(form, "job", 1, 2**31 - 1) if form.get("job") else None
    machine_moves.ask_move(context.store, machine, name, session.who, numbers, job)
    return f"{machine}: {name.replace('_', ' ')}, asked for"


def stop_move(context: ActionContext, session: Session, machine: str, _: Form) -> str:
    """Stop the move of a machine. Raises Refused if it makes none, and NotFound."""
    need(session, "operator", "steer a machine")
    _known(context, machine)
    machine_moves.stop_move(context.store, machine)
    return f"{machine}: stops, pen up"


def put_in_new(context: ActionContext, session: Session, machine: str, form: Form) -> str:
    """Note that a pen was replaced or filled. Raises Refused if it has not drawn on this machine."""
    need(session, "operator", "change pens")
    pen = text_of(form, "pen")
    ink_supply.put_in_new(context.store, machine, pen)
    return f"{pen} is new"


def _known(context: ActionContext, machine: str) -> None:
    with context.store.read() as connection:
        if machine not in queue_views.machine_names(connection):
            raise NotFound("there is no such machine")
