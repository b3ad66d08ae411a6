"""Checks of a job against the machine before anything moves: travel, feeds, length of lines."""

from hardware.job.gcode_job import GcodeJob
from hardware.wire import gcode_text
from hardware.wire.grbl_stream import LONGEST
from hardware.wire.link import Greeting, Link

SLACK_MM = 0.01
MOST_FAULTS = 10


def check(job: GcodeJob, greeting: Greeting) -> tuple[list[str], list[str]]:
    """Return faults, with which the job must not begin, and notes."""
    faults = [*_long_lines(job), *_off_the_bed(job), *_beyond_the_travel(job, greeting)]
    if len(faults) > MOST_FAULTS:
        faults = [*faults[:MOST_FAULTS], f"and {len(faults) - MOST_FAULTS} more"]
    return faults, _speeds(job, greeting)


def _long_lines(job: GcodeJob) -> list[str]:
    if job.protocol == "marlin":
        return []
    return [
        f"line {line.number}: it has {len(gcode_text.packed(line.text))} characters; the controller takes {LONGEST}"
        for line in job.lines
        if len(gcode_text.packed(line.text)) > LONGEST
    ]


def _off_the_bed(job: GcodeJob) -> list[str]:
    """Check against the machine file, whether or not the controller has soft limits."""
    left, bottom, right, top = job.setup.bed_mm
    faults = []
    for line in job.lines:
        if not (line.is_draw or line.is_travel):
            continue
        for axis, value, least, most, size in (
            ("x", line.x_mm, left, right, "width_mm"),
            ("y", line.y_mm, bottom, top, "height_mm"),
        ):
            if not least - SLACK_MM <= value <= most + SLACK_MM:
                faults.append(
                    f"line {line.number}: {line.text} goes to {axis} = {value:g} mm, but the bed of {job.machine!r}"
                    f" reaches from {least:g} to {most:g} mm; if that is wrong, correct bed_min_mm or {size}"
                )
    if faults:
        return faults
    bounds = job.bounds()  # with the bulges of arcs
    if bounds and not (bounds[0] >= left - SLACK_MM and bounds[1] >= bottom - SLACK_MM):
        reached, begins = f"x = {bounds[0]:.1f}, y = {bounds[1]:.1f} mm", f"[{left:g}, {bottom:g}]"
        return [f"an arc reaches {reached}, but the bed of {job.machine!r} begins at {begins} (bed_min_mm)"]
    return []


def _beyond_the_travel(job: GcodeJob, greeting: Greeting) -> list[str]:
    """Check against the controller's $130 and $131."""
    bounds, faults = job.bounds(), []
    if bounds is None:
        return []
    for axis, number, size in (("x", 130, bounds[2] - bounds[0]), ("y", 131, bounds[3] - bounds[1])):
        travel = greeting.settings.get(number)
        if travel is not None and size > travel + SLACK_MM:
            faults.append(
                f"the drawing needs {size:.1f} mm in {axis}, but the controller gives this axis a travel of"
                f" {travel:g} mm (${number}); use smaller paper, or correct ${number}"
            )
    return faults


def check_place(job: GcodeJob, greeting: Greeting, link: Link) -> list[str]:
    """Return faults once the position is known: a machine that homes has limits in machine coordinates."""
    bounds = job.bounds()
    if bounds is None or not greeting.settings.get(22):
        return []
    offset, faults = link.work_offset(), []
    for axis, at, least, most in (("x", 0, bounds[0], bounds[2]), ("y", 1, bounds[1], bounds[3])):
        travel = greeting.settings.get(130 + at, 0.0)
        positive = "Z" in greeting.options and int(greeting.settings.get(23, 0)) >> at & 1
        low, high = (0.0, travel) if positive else (-travel, 0.0)
        if least + offset[at] < low - SLACK_MM or most + offset[at] > high + SLACK_MM:
            faults.append(
                f"{axis} goes from {least + offset[at]:.1f} to {most + offset[at]:.1f} mm in machine coordinates, but"
                f" the machine from {low:g} to {high:g} (${130 + at}); set the bed's origin (G54), or use smaller paper"
            )
    return faults


def _speeds(job: GcodeJob, greeting: Greeting) -> list[str]:
    """Return notes on speeds: the controller limits them by itself, but the time then differs from the plan."""
    limit = min((greeting.settings[n] for n in (110, 111) if n in greeting.settings), default=None)
    if limit is None:
        return []
    notes = []
    fastest = max((line.feed_mm_min for line in job.lines if line.is_draw), default=0.0)
    if fastest > limit + 0.5:
        notes.append(
            f"the job draws at up to {fastest:g} mm/min, but the controller allows {limit:g} ($110, $111):"
            " it draws more slowly"
        )
    if job.setup.travel_mm_min > limit + 0.5:
        notes.append(
            f"the machine file has travel_mm_min {job.setup.travel_mm_min:g}, but the controller allows {limit:g}"
            " ($110, $111): the plot takes longer than planned"
        )
    if greeting.settings.get(32):
        notes.append("laser mode is on ($32=1), in which a servo may move before the motion ends; set $32=0")
    if greeting.settings.get(1, 255) < 255:
        notes.append(
            f"the motors are released at rest ($1={greeting.settings[1]:g}), so that a touch can lose the position;"
            " $1=255 keeps them on"
        )
    return notes
