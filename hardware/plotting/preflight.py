"""Checks of a job against the controller before anything moves: its settings, travel, feeds, length of lines.

`CURES` and `CHECKS` are the tables of the settings that change what our lines do, with GRBL's numbers (settings.md).
Not in them, since no value of theirs is wrong by itself: $0, $2, $4 to $6 and $24 to $26 (pulses, pins and homing
speeds), $3 (directions; a mirrored outline shows them), $10 and $13 (what reports contain; the link reads all forms),
$20 to $23 and $27 (limits and homing; see `check_place`), $120 to $122 (accelerations; `pace`
compares the plan with the clock).

grblHAL adds $9, $33, $37 and $394, and the value 2 of $32 (settings.c of grblHAL/core). FluidNC keeps most of them in
its configuration file; the link reads those that it prints, under GRBL's numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hardware.job.gcode_job import GcodeJob
from hardware.wire import gcode_text
from hardware.wire.grbl_stream import LONGEST
from hardware.wire.link import Greeting, Link

SLACK_MM = 0.01
MOST_FAULTS = 10
PWM_STEPS = 255  # of GRBL's spindle output, between $31 and $30
MOST_STEPS_S = 30_000  # that an Arduino makes (GRBL's readme: up to 30 kHz)
COARSEST_STEP_MM = 0.05
WORST_ARC_MM = 0.05
LATHE = 2  # $32 of grblHAL
FASTEST_SERVO_HZ = 400
KEPT_ON = 3  # x and y in grblHAL's $37

Settings = dict[int, float]
Finding = Callable[[GcodeJob, Settings], str]


@dataclass(frozen=True)
class Cure:
    """A setting with which the plot must not begin, the value that cures it, and why."""

    number: int
    value: float
    why: str


@dataclass(frozen=True)
class SettingCheck:
    """What can be wrong with some settings. `finds` returns a message; an empty one if nothing is wrong."""

    numbers: tuple[int, ...]
    severity: Literal["fault", "note"]
    finds: Finding


def cures(job: GcodeJob, greeting: Greeting) -> tuple[Cure, ...]:
    """Return the settings that must be changed before anything moves."""
    found = greeting.settings
    return tuple(
        Cure(number, value, why)
        for number, value, finds in CURES
        if found.get(number, value) != value and (why := finds(job, found))
    )


def check(job: GcodeJob, greeting: Greeting, *, homes: bool = False) -> tuple[list[str], list[str]]:
    """Return faults, with which the job must not begin, and notes. `homes`: homing was asked for."""
    faults = [
        *_long_lines(job),
        *_off_the_bed(job),
        *_beyond_the_travel(job, greeting),
        *_found(job, greeting, "fault"),
        *(_cannot_home(job, greeting) if homes else ()),
    ]
    if len(faults) > MOST_FAULTS:
        faults = [*faults[:MOST_FAULTS], f"and {len(faults) - MOST_FAULTS} more"]
    return faults, [*_speeds(job, greeting), *_found(job, greeting, "note")]


def _found(job: GcodeJob, greeting: Greeting, severity: str) -> list[str]:
    known = greeting.settings | {31: greeting.settings.get(31, 0.0)}  # FluidNC has no lowest S
    rows = [row for row in CHECKS if row.severity == severity and all(number in known for number in row.numbers)]
    return [message for row in rows if (message := row.finds(job, known))]


_NO_HOMING = {
    "ebb": "an EBB has no switches to home to; push the pen to the machine's 0, 0 by hand",
    "hpgl": "a plotter finds its place by itself when it is switched on",
    "marlin": "only GRBL is homed by a plot; home a Marlin machine first with G28, by its display or another program",
    "grbl": "the controller does not report whether it can home ($22); home it first, by its own program",
}


def _cannot_home(job: GcodeJob, greeting: Greeting) -> list[str]:
    if greeting.settings.get(22):
        return []
    if 22 not in greeting.settings:
        return [f"homing was asked for, but {_NO_HOMING[job.protocol]}, and plot without --home"]
    return [
        "homing was asked for, but it is switched off ($22=0); set $22=1 if the machine has limit switches, or plot"
        " without --home"
    ]


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
    ranges = [("x", 0, bounds[0], bounds[2]), ("y", 1, bounds[1], bounds[3])]
    if job.setup.lift_kind == "z" and greeting.settings.get(20):
        up, down = job.setup.up, job.setup.up - job.setup.lower
        ranges.append(("z", 2, min(up, down), max(up, down)))
    for axis, at, least, most in ranges:
        travel = greeting.settings.get(130 + at, 0.0)
        positive = "Z" in greeting.options and int(greeting.settings.get(23, 0)) >> at & 1
        low, high = (0.0, travel) if positive else (-travel, 0.0)
        if least + offset[at] < low - SLACK_MM or most + offset[at] > high + SLACK_MM:
            faults.append(
                f"{axis} goes from {least + offset[at]:.1f} to {most + offset[at]:.1f} mm in machine coordinates, but"
                f" the machine from {low:g} to {high:g} (${130 + at}); set the bed's origin (G54), or"
                f" {'move the pen in its holder' if axis == 'z' else 'use smaller paper'}"
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
    return notes


# --- settings ---


def _pen_values(job: GcodeJob) -> list[float]:
    """Return each S that the job and its pen lift send to the spindle output, lowest first."""
    texts = {line.text for line in job.lines if "S" in line.text} | set(job.setup.lift)
    return sorted({value for text in texts for letter, value in gcode_text.words(text) if letter == "S"})


def _uses_spindle(job: GcodeJob) -> bool:
    return any(text[:2] in {"M3", "M4"} for text in (*job.setup.lift, *(line.text for line in job.lines)))


def _laser(job: GcodeJob, settings: Settings) -> str:
    """In laser mode, travel has PWM 0 (laser_mode.md); in grblHAL's lathe mode, x can be a diameter (report.c)."""
    if settings[32] == LATHE:
        return "Lathe mode is on ($32=2). In it, x can be a diameter, so that the drawing would be half as wide."
    if not _uses_spindle(job):
        return ""
    return (
        "Laser mode is on ($32=1). In it, the controller sets the spindle output to 0 in every travel, so that the pen"
        " would come down and draw over the sheet."
    )


def _clipped(job: GcodeJob, settings: Settings) -> str:
    """S outside of $31 to $30 is clipped (settings.md, $30 and $31)."""
    values, most, least = _pen_values(job), settings[30], settings[31]
    if not values or not _uses_spindle(job):
        return ""
    up, down = job.setup.up, job.setup.up - job.setup.lower
    pen = f"pen_lift has up: {up:g} and down: {down:g}" if job.setup.lift_kind == "servo" else "the pen lift sends S"
    if least >= most:
        return (
            f"the controller's spindle range is empty ($31={least:g}, $30={most:g}), so that the pen never moves; {pen}"
        )
    if values[-1] > most:
        return (
            f"{pen}, but the controller clips every S above $30={most:g}; set $30 to the value with which you measured"
            f" the pen lift (often $30=1000), or measure it again below {most:g}"
        )
    low = [value for value in values if 0 < value < least]
    if low:
        return (
            f"{pen}, but the controller raises every S below $31={least:g}; set $31=0, or measure the pen lift again"
            f" above {least:g}"
        )
    steps = abs(job.setup.lower) / (most - least) * PWM_STEPS
    if job.setup.lift_kind == "servo" and steps < 2:
        return (
            f"{pen}, which is less than two steps of an output that reaches from $31={least:g} to $30={most:g}, so that"
            " the pen hardly moves; set $30 to the value with which you measured the pen lift (often $30=1000)"
        )
    return ""


def _no_pwm(job: GcodeJob, settings: Settings) -> str:
    if int(settings[9]) & 1 or not _uses_spindle(job):
        return ""
    return f"the spindle output is switched off ($9={settings[9]:g}), so that the pen never moves; set $9=1"


def _fast_pwm(job: GcodeJob, settings: Settings) -> str:
    if job.setup.lift_kind != "servo" or not _uses_spindle(job) or settings[33] <= FASTEST_SERVO_HZ:
        return ""
    return (
        f"the spindle output has pulses of {settings[33]:g} Hz ($33), but a servo usually needs 50; set $33=50 if it"
        " hums or does not move"
    )


def _spindle_delay(job: GcodeJob, settings: Settings) -> str:
    if settings[394] == 0 or not _uses_spindle(job):
        return ""
    return (
        f"the controller waits {settings[394]:g} s after it has switched on the spindle output ($394), with the pen"
        " where it is; set $394=0"
    )


def _idle(_: GcodeJob, settings: Settings) -> str:
    if settings[1] >= 255 or int(settings.get(37, 0)) & KEPT_ON == KEPT_ON:
        return ""
    return (
        f"the motors are released at rest ($1={settings[1]:g}), so that a touch can lose the position; $1=255 keeps"
        " them on"
    )


def _arcs(job: GcodeJob, settings: Settings) -> str:
    if settings[12] <= WORST_ARC_MM or not any(line.centre_mm for line in job.lines):
        return ""
    return f"arcs are drawn as polygons, up to $12={settings[12]:g} mm off; set $12=0.002"


def _steps(_: GcodeJob, settings: Settings) -> str:
    coarse = [f"${number}={settings[number]:g}" for number in (100, 101) if settings[number] * COARSEST_STEP_MM < 1]
    if not coarse:
        return ""
    return f"a step is longer than {COARSEST_STEP_MM:g} mm ({', '.join(coarse)}); check these steps per mm with a ruler"


def _uneven(_: GcodeJob, settings: Settings) -> str:
    x, y = settings[100], settings[101]
    if max(x, y) <= 1.1 * min(x, y):
        return ""
    return f"x and y have different steps per mm ($100={x:g}, $101={y:g}); check with a ruler that a square is square"


def _step_rate(job: GcodeJob, settings: Settings) -> str:
    rates = {n: min(job.setup.travel_mm_min, settings[n + 10]) / 60 * settings[n] for n in (100, 101)}
    number = max(rates, key=lambda each: rates[each])
    if rates[number] <= MOST_STEPS_S or job.setup.travel_mm_min <= 0:
        return ""
    slow = MOST_STEPS_S * 60 / settings[number]
    return (
        f"travel needs {rates[number]:.0f} steps a second (${number}={settings[number]:g}), but an Arduino makes"
        f" {MOST_STEPS_S}; lower ${number + 10} to {slow:.0f} unless the board is faster"
    )


def _stops_at_corners(_: GcodeJob, settings: Settings) -> str:
    if settings[11] > 0:
        return ""
    return "the machine stops at every corner ($11=0), which leaves a dot of ink there; set $11=0.01"


# $n, the value that cures it, and when it matters; offered as a question
CURES: tuple[tuple[int, float, Finding], ...] = ((32, 0, _laser),)
CHECKS = (
    SettingCheck((30,), "fault", _clipped),
    SettingCheck((9,), "fault", _no_pwm),
    SettingCheck((33,), "note", _fast_pwm),
    SettingCheck((394,), "note", _spindle_delay),
    SettingCheck((1,), "note", _idle),
    SettingCheck((11,), "note", _stops_at_corners),
    SettingCheck((12,), "note", _arcs),
    SettingCheck((100, 101), "note", _steps),
    SettingCheck((100, 101), "note", _uneven),
    SettingCheck((100, 101, 110, 111), "note", _step_rate),
)
