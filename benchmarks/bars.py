"""The artworks of the quality benchmark, the best known figures for each, and when a figure counts as reached.

The figures were measured with other programs and with prototypes, by the definitions of `scores`. Several figures in
one row can be from different runs.
"""

from dataclasses import dataclass

SLACK_DB = 0.3  # about the noise between two seeds
SLACK_SSIM = 0.01
CPU_FACTOR = 2.0


@dataclass(frozen=True)
class Bar:
    """The figures to reach for a drawing of one picture. None where no figure is known."""

    psnr: float | None  # dB
    psnr_blurred: float  # dB
    ssim: float | None
    cpu_s: tuple[float, float]  # of the runs that gave these figures, fastest and slowest


BARS: dict[str, dict[str, Bar]] = {
    "P1": {
        "astronaut": Bar(18.6, 29.8, None, (4, 8)),
        "china": Bar(21.0, 32.1, None, (4, 8)),
        "chelsea": Bar(19.0, 32.3, None, (4, 8)),
    },
    "P2": {"astronaut": Bar(19.7, 32.6, None, (4, 10))},
    "L1": {
        "china": Bar(22.0, 32.5, 0.56, (5, 6)),
        "chelsea": Bar(21.7, 31.0, 0.37, (5, 6)),
    },
    "L2": {"astronaut": Bar(26.4, 38.2, 0.81, (8, 9))},
    "K1": {
        "astronaut": Bar(19.5, 26.2, None, (5, 12)),
        "china": Bar(19.1, 24.1, None, (5, 12)),
        "chelsea": Bar(21.9, 27.6, None, (5, 12)),
    },
    "K2": {
        "astronaut": Bar(17.5, 24.6, None, (4, 8)),
        "china": Bar(18.8, 23.5, None, (4, 8)),
    },
    "B1": {"grey astronaut": Bar(None, 20.5, None, (8.5, 8.5))},
}


def verdict(bar: Bar, psnr: float, psnr_blurred: float, ssim: float, cpu_s: float) -> str:
    """`beaten`, `met` or `missed`: seen from afar, and in detail by SSIM, or by PSNR where no SSIM is known.

    Both figures must be from the same run, or be means over the same runs. `, slow` is added above twice the CPU time.
    """
    ahead = [(psnr_blurred - bar.psnr_blurred, SLACK_DB)]
    if bar.ssim is not None:
        ahead.append((ssim - bar.ssim, SLACK_SSIM))
    elif bar.psnr is not None:
        ahead.append((psnr - bar.psnr, SLACK_DB))
    if all(by > 0 for by, _ in ahead):
        word = "beaten"
    elif all(by >= -slack for by, slack in ahead):
        word = "met"
    else:
        word = "missed"
    return word + (", slow" if cpu_s > CPU_FACTOR * bar.cpu_s[1] else "")
