"""The templates of the views, and what they can call."""

from collections.abc import Callable
from functools import partial
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from renderer.manifest import duration
from renderer.studio.page import queue_views
from renderer.studio.page.access import Session
from renderer.studio.page.change_stream import far_of
from renderer.studio.page.responses import without_folders
from renderer.studio.queue import job_fields


def local_text(session: Session) -> Callable[[str], str]:
    """How a session sees a text: only operators see the folders of this disk."""
    return (lambda text: text) if session.may("operator") else without_folders


def page_templates() -> Environment:
    """The templates, with their globals and filters."""
    made = Environment(
        loader=PackageLoader("renderer.studio.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "buttons_for": queue_views.buttons_for,
        "operator_buttons": queue_views.operator_buttons,
        "wanted_pens": queue_views.wanted_pens,
        "curve": queue_views.curve,
        "far_of": far_of,
        "added_fields": [field for field in job_fields.ADDED if field.on_page],
        "edited_fields": [field for field in job_fields.EDITED if field.on_page],
        "listed_fields": job_fields.LISTED,
    }
    made.filters |= {
        "state_label": queue_views.state_label, "state_colour": queue_views.state_colour, "at": queue_views.moment_text,
        "clock": queue_views.clock_text,
        "duration": duration, "noun": job_fields.noun_of, "address": partial(quote, safe=""),
        "capital": lambda text: text[:1].upper() + text[1:],
    }  # fmt: skip
    return made
