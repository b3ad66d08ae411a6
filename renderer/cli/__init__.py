"""The command line: arguments to calls, results to text, errors to exit codes. Nothing else in the library prints."""

import json
import os
import sys
import traceback
from typing import NoReturn

import click

from renderer.cli import drawing_commands, printing
from renderer.cli.codes import DONE, FAILED, INTERRUPTED, USAGE, code_of, error_text, unexpected
from renderer.cli.gallery import gallery_commands
from renderer.cli.process import prepare
from renderer.cli.queue import queue_commands
from renderer.cli.render_commands import commands

drawing_commands.add_to(commands)
gallery_commands.add_to(commands)
queue_commands.add_to(commands)


def main() -> NoReturn:
    """The console script `render`."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit code."""
    prepare()
    try:
        code = _called(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has ended, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


def _called(arguments: list[str]) -> int:
    try:
        return int(commands.main(arguments, prog_name="render", standalone_mode=False) or DONE)
    except click.UsageError as error:
        return failed(arguments, USAGE, _usage(error))
    except click.ClickException as error:
        return failed(arguments, FAILED, f"render: {error.format_message()}")
    except (KeyboardInterrupt, click.Abort):
        return failed(arguments, INTERRUPTED, "render: interrupted; nothing was written")
    except BrokenPipeError:
        raise
    except Exception as error:
        code = code_of(error)
        if code is not None:
            return failed(arguments, code, error_text(error))
        if os.environ.get("RENDER_DEBUG", "0") not in {"", "0"}:
            traceback.print_exc()
        return failed(arguments, FAILED, unexpected(error))


def failed(arguments: list[str], code: int, text: str) -> int:
    """Report a command that ended early, on stdout too if --json was given; return the exit code."""
    printing.say(text)
    if "--json" in arguments:
        printing.data(
            json.dumps({"error": text.removeprefix("render: "), "exit_code": code}, indent=2, ensure_ascii=False)
        )
    return code


def _usage(error: click.UsageError) -> str:
    text = f"render: {error.format_message()}"
    return f"{text} (see {error.ctx.command_path} --help)" if error.ctx else text
