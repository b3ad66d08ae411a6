"""A fit, step by step, as a log for TensorBoard. Needs one more package, which is imported when a log is opened."""

from pathlib import Path
from types import TracebackType
from typing import Any

from renderer.fit_log import FitStep


class MissingTensorBoardError(ImportError):
    """TensorBoard is not installed; the message says how to install it."""


class TensorBoardLog:
    """Write the loss of each step and its terms to a folder: `r.render(spec, each_step=TensorBoardLog("runs/mine"))`.

    Each layer has its own curves: `1-curves/loss`. Use it as a context manager, or call `close` at the end.
    """

    def __init__(self, folder: str | Path) -> None:
        """Open a log in a folder, which is made if it is missing. Raises MissingTensorBoardError."""
        self._writer = _writer(Path(folder))

    def __call__(self, step: FitStep) -> None:
        """Add a step."""
        layer = f"{step.layer + 1}-{step.layer_name}"
        for name, value in {"loss": step.loss, **{f"terms/{term}": each for term, each in step.terms.items()}}.items():
            self._writer.add_scalar(f"{layer}/{name}", value, step.step)

    def close(self) -> None:
        """Write what is left and close the log."""
        self._writer.close()

    def __enter__(self) -> "TensorBoardLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _writer(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingTensorBoardError(
            "TensorBoardLog needs one more package: pip install tensorboard, or the extra 'tensorboard' of this one"
        ) from None
    return SummaryWriter(str(folder))
