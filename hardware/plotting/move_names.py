"""The moves of a machine outside a plot, by name: what programs that never open a port need to know of them."""

from typing import Literal, get_args

MoveName = Literal["home", "origin", "jog", "park", "pen_up", "pen_down", "test", "outline", "air"]
MOVES: tuple[MoveName, ...] = get_args(MoveName)
WITHOUT_POSITION = ("home", "origin", "pen_up")  # moves that need no known position
OF_A_PLOT = ("test", "outline", "air")  # moves that need a drawing
MOST_JOG_MM = 100.0
