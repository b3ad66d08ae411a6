"""The commands of the queue and their options. The modules that carry them out are imported when needed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from renderer.cli.command_options import json_option, machine_option, set_option
from renderer.cli.queue.field_options import add_options, edit_options, either
from renderer.studio.queue.job_fields import EDITED, noun_of

F = TypeVar("F", bound=Callable[..., Any])
JOBS = click.argument("jobs", metavar="JOB...", nargs=-1, required=True, type=int)


def db_option(command: F) -> F:
    return click.option(
        "--db",
        metavar="FILE|URL",
        envvar="RENDER_DB",
        help="The queue: a file, or postgresql://USER@HOST/NAME.  [default: RENDER_DB, or queue.db in the"
        " platform's data folder]",
    )(command)


def queue_options(command: F) -> F:
    """Add the options that all commands of the queue have."""
    return db_option(json_option(command))


@click.group("queue", short_help="Works to render and plot, in order.")
def queue() -> None:
    """Works to render and sheets to plot, in the order in which workers take them.

    \b
    Examples:
      render queue add specs/scream_pointillist.yaml --due 2026-12-01
      render queue list
      render queue move 7 --first
    """


@queue.command("add")
@click.argument("what", metavar="SPEC|FOLDER|FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@set_option
@click.option("--out", "-o", metavar="DIR", default="out", show_default=True, type=click.Path(path_type=Path),
              help="Where the folders go, one for each work.")  # fmt: skip
@click.option("--draft", is_flag=True, help="Small and quick, into DIR/<name>-draft/.")
@click.option("--plot", is_flag=True, help="Plot the renders too; a plot waits until you release it.")
@machine_option(required=False)
@click.option("--edition", type=click.IntRange(1, 1000), default=1, show_default=True, metavar="N",
              help="Plot this many sheets.")  # fmt: skip
@add_options
@queue_options
def queue_add(**options: Any) -> int:
    """Add works at the end of the queue: specs to render; finished renders, SVG and G-code to plot.

    All are checked first; if one is wrong, none is added. A plot is a draft until you release it with
    `render queue resume`: look at its preview first.

    \b
    Examples:
      render queue add specs/scream_pointillist.yaml --priority 5
      render queue add specs/*.yaml --out gallery --note "for the long wall"
      render queue add specs/scream_study.yaml --plot --edition 5
      render queue add out/scream_study --machine mine.yaml
      render queue add specs/scream_study.yaml --set layers.0.points.count=4000
    """
    from renderer.cli.queue.queue_add import add

    return add(**options)


@queue.command("list")
@click.option("--all", "every", is_flag=True, help="Also list jobs that have ended.")
@queue_options
def queue_list(**options: Any) -> int:
    """List the jobs: first those at work, then those that wait, in the order in which workers take them.

    \b
    Examples:
      render queue list
      render queue list --all --json | jq '.jobs[].state'
    """
    from renderer.cli.queue.queue_list import list_jobs

    return list_jobs(**options)


@queue.command("show")
@click.argument("job", type=int)
@queue_options
def queue_show(**options: Any) -> int:
    """Show everything about a job: its progress, its question, its history.

    \b
    Example:
      render queue show 3
    """
    from renderer.cli.queue.job_details import show_job

    return show_job(**options)


@queue.command("move")
@click.argument("job", type=int)
@click.option("--first", "where", flag_value="first", help="Before all jobs that wait.")
@click.option("--last", "where", flag_value="last", help="After all jobs that wait.")
@click.option("--before", type=int, metavar="JOB", help="Just before this job.")
@click.option("--after", type=int, metavar="JOB", help="Just after this job.")
@queue_options
def queue_move(**options: Any) -> int:
    """Move a job that waits. Beside a job of another priority, it takes the priority of that job.

    \b
    Examples:
      render queue move 7 --first
      render queue move 7 --before 3
    """
    from renderer.cli.queue.job_requests import move_job

    return move_job(**options)


def job_command(name: str, text: str, example: str) -> None:
    """Make a command that does one thing to each of several jobs."""

    def command(**options: Any) -> int:
        from renderer.cli.queue.job_requests import act_on_jobs

        return act_on_jobs(name, **options)

    command.__doc__ = f"{text}\n\n    \b\n    Example:\n      {example}\n"
    queue.command(name)(JOBS(queue_options(command)))


job_command("copy", "Add copies of jobs at the end of the queue.", "render queue copy 3")
job_command(
    "cancel",
    "Cancel jobs. A job that waits is cancelled at once. If a job is at work, its worker is asked to stop it, and "
    "kills it if that takes too long.",
    "render queue cancel 3 4",
)
job_command(
    "emergency",
    "Stop the machine of a plot at once, through its worker. This does not replace the emergency button on the "
    "machine: it takes up to half a second, and it fails if the queue, the worker or the cable does not answer. The "
    "position may be lost; the plot then needs attention. `cancel` and `pause` keep the position.",
    "render queue emergency 3",
)
job_command("retry", "Queue jobs again that failed or were cancelled.", "render queue retry 3")
job_command(
    "remove",
    "Remove jobs that have ended from the list. Their files and their history stay.",
    "render queue remove 3",
)


def hold_command(name: str, text: str, example: str) -> None:
    """Make a command for several jobs, or for a whole queue."""

    def command(**options: Any) -> int:
        from renderer.cli.queue.job_requests import hold_or_resume

        return hold_or_resume(name, **options)

    command.__doc__ = text + example
    jobs = click.argument("jobs", metavar="[JOB...]", nargs=-1, type=int)
    queue_option = click.option(
        "--queue", "queue_name", metavar="NAME", help="A whole queue: render, or the name of a machine."
    )
    queue.command(name)(jobs(queue_option(queue_options(command))))


hold_command(
    "pause",
    "Hold back jobs, or a whole queue: workers take no new job from it, and jobs at work go on. A plot\n"
    "    that you name stops at the next pen-up.\n",
    "\n    \b\n    Examples:\n      render queue pause 3\n      render queue pause --queue render\n",
)
hold_command(
    "resume",
    "Resume jobs or a queue that were held back, and release plots that are drafts.\n",
    "\n    \b\n    Examples:\n      render queue resume 3\n      render queue resume --queue render\n",
)


EDIT_HELP = f"""Change the {either(map(noun_of, EDITED))} of a job. The history keeps what they were.

\b
Examples:
  render queue edit 3 --due 2026-12-01 --priority 5
  render queue edit 3 --due ""
"""


@queue.command("edit", help=EDIT_HELP)
@click.argument("job", type=int)
@edit_options
@queue_options
def queue_edit(**options: Any) -> int:
    from renderer.cli.queue.job_requests import edit

    return edit(**options)


@queue.command("answer")
@click.argument("job", type=int)
@click.argument("choice")
@click.option("--question", type=int, metavar="N", help="Only answer the question with this number, as in --json.")
@click.option("-x", type=float, metavar="MM", help="With `nudge`: to the right.")
@click.option("-y", type=float, metavar="MM", help="With `nudge`: away from you.")
@click.option("-z", type=float, metavar="MM", help="With `nudge`: up; of a servo, in its own units.")
@queue_options
def queue_answer(**options: Any) -> int:
    """Answer the question of a plot; `render queue show JOB` shows the question and its answers.

    \b
    Examples:
      render queue answer 3 done
      render queue answer 3 nudge -x 0.2
    """
    from renderer.cli.queue.job_requests import answer

    return answer(**options)


@queue.command("history")
@click.argument("job", type=int, required=False)
@queue_options
def queue_history(**options: Any) -> int:
    """Show what happened to a job, or to all jobs: when, what, why, by whom. The history is never changed.

    \b
    Examples:
      render queue history 3
      render queue history --json | jq '.events[-1]'
    """
    from renderer.cli.queue.job_details import show_history

    return show_history(**options)


@queue.command("backup")
@click.argument("to", metavar="FILE", type=click.Path(path_type=Path))
@queue_options
def queue_backup(**options: Any) -> int:
    """Copy the complete queue into a file, while others go on working. The copy is checked.

    \b
    Example:
      render queue backup queue-2026-12-01.db
    """
    from renderer.cli.queue.job_requests import back_up

    return back_up(**options)


@click.command("worker", short_help="Take jobs from the queue: render or plot them.")
@click.option("--kind", type=click.Choice(["render", "plot"]), default="render", show_default=True,
              help="What it takes.")  # fmt: skip
@click.option("--device", "-d", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
              help="What computes renders; a GPU has one worker.")  # fmt: skip
@click.option(
    "--threads", "-t", type=click.IntRange(1, 1024), metavar="N", help="Threads to render with.  [default: all cores]"
)
@click.option("--machine", "-m", metavar="FILE", type=click.Path(path_type=Path),
              help="The machine that plots: a file, or a starter such as gantry_grbl_servo.")  # fmt: skip
@click.option(
    "--port",
    "-p",
    metavar="PORT",
    help="The port of the machine, such as /dev/ttyUSB0, COM3, socket://HOST:PORT or sim:fast.",
)
@click.option("--baud", type=click.IntRange(1), default=115200, show_default=True, metavar="N",
              help="Speed of the port.")  # fmt: skip
@click.option("--private-addresses", is_flag=True,
              help="Let specs fetch pictures from this machine and its network too.")  # fmt: skip
@click.option("--drain", is_flag=True, help="End when no job is left.")
@click.option("--cluster", metavar="tcp://HOST:PORT",
              help="Instead of the queue, serve this dask scheduler, for render gallery build --cluster.")  # fmt: skip
@queue_options
def worker(**options: Any) -> int:
    """Take jobs from the queue, one at a time: render them, or plot them with one machine.

    Any number of workers can render from one queue, on one machine, or on several with PostgreSQL. Each
    job has a process of its own. If a worker is lost, its job is rendered again, up to three times.

    A worker that plots asks for paper and pens through `render queue show` and `answer`; its queue starts
    paused. If its worker is lost, a plot never starts again by itself: a person decides how it goes on.

    Ctrl-C ends the worker after the current job. Ctrl-C again gives a render back to the queue, and stops
    a plot so that it can be resumed.

    With --cluster the worker renders galleries that others build, and needs neither the queue nor their
    specs. A dask scheduler runs any code that reaches it: use it only on a network that you trust, or with
    TLS (docs/cluster.md).

    \b
    Examples:
      render worker
      render worker --drain --threads 2
      render worker --kind plot --machine mine.yaml --port /dev/ttyUSB0
      render worker --cluster tcp://192.168.1.5:8786
    """
    from renderer.cli.queue.run_worker import run_worker

    return run_worker(**options)


@click.command("serve", short_help="Open the page from which curators run the queue.")
@click.option("--host", metavar="NAME", default="127.0.0.1", show_default=True,
              help="Where it listens; any address but this machine itself needs --allowed-host.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, metavar="N",
              help="The port; 0 takes a free one.")  # fmt: skip
@click.option("--allowed-host", multiple=True, metavar="NAME",
              help="A host name of the page for other machines. May be given several times.")  # fmt: skip
@click.option("--camera", multiple=True, metavar="MACHINE=URL",
              help="The picture of a camera, shown beside this machine. May be given several times.")  # fmt: skip
@click.option("--calls", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="Whom to call by ntfy, webhook or e-mail: a YAML file that docs/studio.md describes.")  # fmt: skip
@click.option("--specs", metavar="DIR", default="specs", show_default=True, type=click.Path(path_type=Path),
              help="The specs that can be added; uploads go there too.")  # fmt: skip
@click.option("--out", "-o", metavar="DIR", default="out", show_default=True, type=click.Path(path_type=Path),
              help="Where finished works go and are shown from.")  # fmt: skip
@click.option("--gallery", metavar="DIR", default="gallery", show_default=True, type=click.Path(path_type=Path),
              help="A gallery to show, if it exists.")  # fmt: skip
@click.option("--links", is_flag=True, help="Print the links and end.")
@click.option("--link-for", metavar="PERSON", help="Print a link for one person and end; it can be revoked alone.")
@click.option("--role", type=click.Choice(["viewer", "curator", "operator"]), default="viewer", show_default=True,
              help="What --link-for lets this person do.")  # fmt: skip
@click.option("--revoke", metavar="LINK",
              help="Revoke a link by the name printed with it, or by its role, and end.")  # fmt: skip
@click.option("--new-links", is_flag=True, help="Make new links; old links and open pages stop working.")
@queue_options
def serve(**options: Any) -> int:
    """Open a page on which curators add works, watch them, order them, and attend a plot.

    Three links are printed: a viewer can only look, a curator can change the queue, and an operator can
    also steer the machines. Workers run on their own: a plot goes on when the page is closed.

    \b
    Examples:
      render serve
      render serve --port 0 --specs exhibition/specs --out exhibition/out
      render serve --host 0.0.0.0 --allowed-host studio.local
    """
    from renderer.cli.queue.serve_page import serve as opened

    return opened(**options)


def add_to(commands: click.Group) -> None:
    """Add the commands of the studio."""
    commands.add_command(queue)
    commands.add_command(worker)
    commands.add_command(serve)
