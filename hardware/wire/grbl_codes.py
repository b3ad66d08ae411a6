"""The meaning of GRBL's error and alarm codes, and what to do about each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    text: str
    remedy: str


_FIRMWARE = "the file is not for this controller: make it again with the right machine file"
_LINE = "noise on the cable, or a file that was edited by hand: check that line"
ERRORS = {
    1: Meaning("a word has no letter", _LINE),
    2: Meaning("a number is missing or unreadable", _LINE),
    3: Meaning("a $ command that this controller does not know", _FIRMWARE),
    4: Meaning("a negative number where only positive ones make sense", _LINE),
    5: Meaning("homing is switched off", "switch it on with $22=1, or place the pen by hand"),
    6: Meaning("the step pulse is too short", "set $0 to 3 or more"),
    7: Meaning("the settings could not be read and are back at their defaults", "set $100 to $132 again first"),
    8: Meaning("that command needs an idle machine", "wait until it has stopped"),
    9: Meaning("locked by an alarm", "home the machine, or unlock it if you know where it is"),
    10: Meaning("soft limits need homing", "switch homing on with $22=1, or soft limits off with $20=0"),
    11: Meaning("the line is too long", _FIRMWARE),
    12: Meaning("that setting asks for more steps a second than the controller can make", "lower $110 or $100"),
    13: Meaning("the safety door is open", "close it"),
    14: Meaning("the stored line is too long", "shorten it"),
    15: Meaning("that jog would leave the machine's travel", "jog the other way, or less far"),
    16: Meaning("that is not a valid jog command", _FIRMWARE),
    17: Meaning("laser mode needs a variable spindle", "set $32=0: a pen is not a laser"),
    20: Meaning("a G-code that this controller does not know", _FIRMWARE),
    21: Meaning("two codes in one line exclude each other", _LINE),
    22: Meaning("no feed rate has been set", _FIRMWARE),
    23: Meaning("a value must be a whole number", _LINE),
    24: Meaning("two codes in one line use the same axes", _LINE),
    25: Meaning("a word occurs twice in one line", _LINE),
    26: Meaning("a code needs X, Y or Z, and has none", _LINE),
    27: Meaning("a line number out of range", _FIRMWARE),
    28: Meaning("a P or L word is missing", _LINE),
    29: Meaning("a work coordinate system that GRBL does not have", _FIRMWARE),
    30: Meaning("G53 needs G0 or G1", _FIRMWARE),
    31: Meaning("axis words that no motion uses", _LINE),
    32: Meaning("an arc without an end point", _LINE),
    33: Meaning("an impossible arc: its end and its start differ in their distance from the centre", _LINE),
    34: Meaning("an arc with a radius that is too small for its end", _LINE),
    35: Meaning("an arc without its centre", _LINE),
    36: Meaning("words that no command in the line uses", _LINE),
    37: Meaning("a tool length on the wrong axis", _FIRMWARE),
    38: Meaning("a tool number that is too large", _FIRMWARE),
}  # fmt: skip
_HOME = "free the machine by hand if it is stuck, then home it or set its origin again"
ALARMS = {
    1: Meaning("a limit switch was hit; the position is lost", _HOME),
    2: Meaning("a motion beyond the machine's travel ($130, $131); the position is kept",
               "move the sheet or the drawing, or correct $130 and $131"),
    3: Meaning("a reset while it moved; the position may be lost", _HOME),
    4: Meaning("the probe was not in its initial state", "check the probe"),
    5: Meaning("the probe touched nothing", "check the probe"),
    6: Meaning("a reset while it homed", "home it again"),
    7: Meaning("the door was opened while it homed", "close it and home again"),
    8: Meaning("homing could not leave the switch", "raise $27, or check the cable of the switch"),
    9: Meaning("homing found no switch", "check the switch and $23"),
    10: Meaning("homing found no second switch", "check the switch"),
}  # fmt: skip
UNKNOWN = Meaning("a code that is not in GRBL's list", "look it up in the controller's documentation")


def meaning_of_error(code: int) -> Meaning:
    return ERRORS.get(code, UNKNOWN)


def meaning_of_alarm(code: int) -> Meaning:
    return ALARMS.get(code, UNKNOWN)
