"""The guard of a plot on an HP-GL plotter: if the plotting program is killed, it raises the pen. See `pen_guard`.

The plotter draws what is in its buffer, where there is always room for one short instruction: the one that raises the
pen. It is started as `python -m hardware.plotting.hpgl_guard`, and its lift is that instruction.
"""

import os
import sys


def main(arguments: list[str]) -> int:
    port, pipe, lift = int(arguments[0]), int(arguments[1]), arguments[3]
    try:
        if os.read(pipe, 1):  # the program ends normally
            return 0
        os.write(port, lift.encode("ascii"))
    except OSError:  # the cable is unplugged too
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
