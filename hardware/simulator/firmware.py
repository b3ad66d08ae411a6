"""The relatives of GRBL that the simulated controller can be: what each prints, lists and reports in its own way.

Sources: grblHAL's report.c and settings.c (grblHAL/core), FluidNC's Report.cpp (bdring/FluidNC), GRBL 0.9's interface
notes (gnea/grbl, old_wiki_pages). The banner of DrawCore is the one that its owners show; its other rows are GRBL's.
"""

from dataclasses import dataclass

OLDEST = "0.9j"


@dataclass(frozen=True)
class Firmware:
    """A firmware that speaks GRBL's language.

    `settings` are those that `$$` lists beside GRBL's own; `lists` the only ones, if not all.
    """

    name: str
    banner: str
    built: tuple[str, ...] = ("[VER:1.1h.20190830:]",)
    options: str = "[OPT:V{z},{blocks},{bytes}]"
    settings: tuple[tuple[int, float], ...] = ()
    lists: tuple[int, ...] = ()
    fields: tuple[str, ...] = ()  # added to each status report
    has_fine_mask: bool = False  # bits of $10 for feed and speed, pins, offset and overrides
    message: str = "[MSG:{text}]"
    alarm_s: float = 0.5  # in which it does nothing else after it has printed an alarm
    rx_bytes: int = 128
    config: tuple[tuple[str, int], ...] = ()  # names of the settings in a configuration file, for `$/name`


GRBL = Firmware("grbl", "Grbl 1.1h ['$' for help]")
OLD = Firmware("grbl-0.9", f"Grbl {OLDEST} ['$' for help]", built=(f"[{OLDEST}.20160316:]",), options="")
GRBLHAL = Firmware(
    "grblhal",
    "GrblHAL 1.1f ['$' or '$HELP' for help]",
    built=("[VER:1.1f.20240101:]",),
    options="[OPT:VNMSL{z},35,1024,3,0]\r\n[AXS:3:XYZ]\r\n[NEWOPT:ENUMS,RT+,TC,SED]\r\n[FIRMWARE:grblHAL]",
    settings=((9, 1), (10, 511), (33, 50), (37, 0), (394, 0)),
    fields=("H:1,7", "T:0"),
    has_fine_mask=True,
    alarm_s=0.1,
    rx_bytes=1024,
)
FLUIDNC = Firmware(
    "fluidnc",
    "Grbl 3.7 [FluidNC v3.7.8 (wifi) '$' for help]",
    built=("[VER:3.7 FluidNC v3.7.8:]",),
    options="[OPT:PHS]\r\n[MSG: Machine: plotter]",
    lists=(10, 20, 21, 22, 30, 100, 101, 102, 110, 111, 112, 120, 121, 122, 130, 131, 132),
    fields=("SD:12.50,/sheet.nc",),
    message="[MSG:INFO: {text}]",
    config=(("stepping/idle_ms", 1), ("junction_deviation_mm", 11), ("arc_tolerance_mm", 12), ("report_inches", 13)),
)
DRAWCORE = Firmware("drawcore", "Grbl 1.1h DrawCore V2.09 ['$' for help]")
FIRMWARES = {each.name: each for each in (GRBL, OLD, GRBLHAL, FLUIDNC, DRAWCORE)}
