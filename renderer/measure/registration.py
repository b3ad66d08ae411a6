"""A photograph -> where the card lies in it: perspective, the lens, and paper that is not quite flat."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.measured_card import CORNER_CELLS, MeasuredCard
from renderer.measure import MeasureError

Points = NDArray[np.float64]  # [N, 2]
Picture = NDArray[np.float32]  # [H, W, 3] linear light

_PLACES = ("upper left", "upper right", "lower left", "lower right")
_DETECTED_PX = 2200  # longest side of the picture in which corner marks are looked for
_LEAST_PX_PER_MM = 7.0
_PATCH_PX_PER_MM = 16
_WORST_MM = 0.12  # of the crosses after everything is corrected
_LEAST_CROSSES = 0.6  # share of all crosses
_LENS = cv2.CALIB_USE_INTRINSIC_GUESS | cv2.CALIB_FIX_PRINCIPAL_POINT | cv2.CALIB_FIX_ASPECT_RATIO
_LENS |= cv2.CALIB_ZERO_TANGENT_DIST | cv2.CALIB_FIX_K3


@dataclass(frozen=True)
class Registration:
    """Where the card lies in the photograph."""

    to_photo: Callable[[Points], Points]  # mm on the sheet -> pixels
    px_per_mm: float
    error_mm: float  # root mean square of what is left at the crosses
    tilt_deg: float


@dataclass(frozen=True)
class CornerView:
    """The corner marks in a photograph: enough to know which card it is."""

    grey: NDArray[np.float32]  # [H, W]
    corners_mm: Points  # [16, 2]
    corners_px: Points  # [16, 2]

    def to_photo(self, points: Points) -> Points:
        """Return the pixels of places in mm, by a plane without a lens."""
        rough, _ = cv2.findHomography(self.corners_mm, self.corners_px)
        mapped: Points = cv2.perspectiveTransform(points.reshape(-1, 1, 2), rough).reshape(-1, 2)
        return mapped

    @property
    def px_per_mm(self) -> float:
        """Resolution of the card, on average."""
        return float(np.sqrt(_area(self.corners_px) / _area(self.corners_mm)))


def corner_view(photo: Picture, card: MeasuredCard) -> CornerView:
    """Find the corner marks. Raises MeasureError where one is not in the photograph, or the photograph is too small."""
    grey: NDArray[np.float32] = np.sqrt(np.clip(photo.mean(axis=2), 0, 1)).astype(np.float32)
    view = CornerView(grey, *_corner_points(grey, card))
    if view.px_per_mm < _LEAST_PX_PER_MM:
        raise MeasureError(
            f"the card has only {view.px_per_mm:.1f} pixels for each mm; at least {_LEAST_PX_PER_MM:g} are needed:"
            " go closer, or use the camera's full size"
        )
    return view


def wrong_bits(view: CornerView, card: MeasuredCard) -> int:
    """Return how many strokes of the code on the photograph differ from the card's."""
    dark = []
    across = np.linspace(-1.3, 1.3, 40)
    for x, top, bottom in card.code_at:
        down = np.linspace(top + 0.3 * (bottom - top), bottom - 0.3 * (bottom - top), 12)
        offsets: Points = np.stack(np.meshgrid(x + across, down), axis=-1)
        profile = _patch(view.grey, view.to_photo, np.zeros(2), offsets).mean(axis=0)
        dark.append(float(np.median(profile) - profile.min()))
    seen = np.array(dark) > 0.45 * min(dark[0], dark[-1])
    return int((seen != np.array(card.code)).sum())


def registered(view: CornerView, card: MeasuredCard) -> Registration:
    """Find the card by its crosses. Raises MeasureError where too few are clear, or the card is not flat."""
    shape = view.grey.shape[::-1]
    crosses = np.array(card.crosses)
    middles_mm, middles_px = (each.reshape(4, 4, 2).mean(axis=1) for each in (view.corners_mm, view.corners_px))
    found, clear = _crosses(view.grey, view.to_photo, crosses, card.reach_mm, 2.0)
    places, pixels = np.vstack([view.corners_mm, crosses[clear]]), np.vstack([view.corners_px, found[clear]])
    lens, tilt_deg = _camera(places, pixels, shape)
    for _ in range(2):
        found, clear = _crosses(view.grey, lens, crosses, card.reach_mm, 0.7)
        if clear.mean() < _LEAST_CROSSES:
            raise MeasureError(
                f"only {clear.sum()} of {len(clear)} crosses of the grid are clear;"
                " take the photograph sharper, with even light, and without a hand or shadow over the card"
            )
        places, pixels = np.vstack([crosses[clear], middles_mm]), np.vstack([found[clear], middles_px])
        lens, tilt_deg = _camera(places, pixels, shape)
    to_photo = _bent(lens, places, pixels, card.size_mm)
    error_mm = float(np.sqrt(2 * np.mean((to_photo(places) - pixels) ** 2))) / view.px_per_mm
    if error_mm > _WORST_MM:
        raise MeasureError(
            f"the crosses are {error_mm:.2f} mm from their places; lay the card flat, or plot it again if it slipped"
        )
    return Registration(to_photo, view.px_per_mm, error_mm, tilt_deg)


def rectified(photo: Picture, registration: Registration, size_mm: tuple[float, float], px_per_mm: float) -> Picture:
    """Return the sheet seen straight from above, `[H, W, 3]`; pixel (i, j) is at ((j + .5) / r, (i + .5) / r) mm."""
    width, height = (round(side * px_per_mm) for side in size_mm)
    coarse = 16
    xs, ys = (np.arange(0, side + coarse, coarse) for side in (width, height))
    grid: Points = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype(np.float64)
    mapped = registration.to_photo((grid + 0.5) / px_per_mm).reshape(len(ys), len(xs), 2).astype(np.float32)
    at = np.stack(np.meshgrid(np.arange(width) / coarse, np.arange(height) / coarse), axis=-1).astype(np.float32)
    maps = cv2.remap(mapped, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
    flat: Picture = cv2.remap(photo, maps[..., 0], maps[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return flat


def _area(points: Points) -> float:
    return float(cv2.contourArea(cv2.convexHull(points.astype(np.float32))))


# --- corner marks -----------------------------------------------------------------------------------------------------


def _corner_points(grey: NDArray[np.float32], card: MeasuredCard) -> tuple[Points, Points]:
    """Return the corners of all corner marks, in mm and in pixels, `[16, 2]` each. Raises MeasureError."""
    shown = (grey * 255).round().astype(np.uint8)
    share = min(1.0, _DETECTED_PX / max(shown.shape))
    small = cv2.resize(shown, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    cells = [np.array([[1 - int(cell) for cell in row] for row in rows], np.uint8) for rows in CORNER_CELLS]
    codes = np.concatenate([cv2.aruco.Dictionary.getByteListFromBits(each) for each in cells])
    settings = cv2.aruco.DetectorParameters()
    settings.adaptiveThreshWinSizeMax = 63
    settings.minMarkerPerimeterRate = 0.02
    found, names, _ = cv2.aruco.ArucoDetector(cv2.aruco.Dictionary(codes, 5, 3), settings).detectMarkers(small)
    names = [] if names is None else np.ravel(names).tolist()
    seen = {name: corner.reshape(4, 2) for name, corner in zip(names, found, strict=True)}
    missing = [_PLACES[name] for name in range(4) if name not in seen]
    if missing:
        raise MeasureError(
            f"the corner mark at the {' and '.join(missing)} is not in the photograph, or not clear;"
            " show the whole card, sharp, with nothing over its corners"
        )
    places = []
    for left, top, side in card.corners:
        places += [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
    begun = np.concatenate([(seen[name] + 0.5) / share - 0.5 for name in range(4)]).astype(np.float32)
    ends = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 40, 0.01)
    exact = cv2.cornerSubPix(shown, begun.reshape(-1, 1, 2), (4, 4), (-1, -1), ends).reshape(-1, 2)
    return np.array(places, np.float64), exact.astype(np.float64)


# --- crosses ----------------------------------------------------------------------------------------------------------


def _crosses(
    grey: NDArray[np.float32], to_photo: Callable[[Points], Points], places: Points, reach_mm: float, search_mm: float
) -> tuple[Points, NDArray[np.bool_]]:
    """Return where the crosses are, in pixels `[N, 2]`, and which of them are clear `[N]`."""
    rate, around = _PATCH_PX_PER_MM, reach_mm + 0.5
    template = _cross_template(reach_mm, around, rate)
    reach = round((around + search_mm) * rate)
    offsets = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1) / rate] * 2), axis=-1)
    found, clear = np.empty_like(places), np.zeros(len(places), bool)
    for number, place in enumerate(places):
        patch = _patch(grey, to_photo, place, offsets)
        match = cv2.matchTemplate(patch, template, cv2.TM_CCOEFF_NORMED)
        _, best, _, (column, row) = cv2.minMaxLoc(match)
        at = place + (np.array([column, row]) - (np.array(match.shape[::-1]) - 1) / 2) / rate
        for _ in range(2):
            at = at + _beside(_patch(grey, to_photo, at, offsets), offsets, reach_mm)
        found[number] = to_photo(at[None])[0]
        clear[number] = best > 0.55 and np.abs(at - place).max() < search_mm
    return found, clear


def _cross_template(reach_mm: float, around_mm: float, rate: int) -> NDArray[np.float32]:
    half = round(around_mm * rate)
    y, x = np.mgrid[-half : half + 1, -half : half + 1] / rate
    arms = (np.minimum(np.abs(x), np.abs(y)) < 0.2) & (np.maximum(np.abs(x), np.abs(y)) < reach_mm + 0.15)
    soft: NDArray[np.float32] = cv2.GaussianBlur(1 - arms.astype(np.float32), (0, 0), 0.1 * rate)
    return soft


def _patch(
    grey: NDArray[np.float32], to_photo: Callable[[Points], Points], at: Points, offsets: Points
) -> NDArray[np.float32]:
    maps = to_photo((offsets + at).reshape(-1, 2)).reshape(offsets.shape).astype(np.float32)
    patch: NDArray[np.float32] = cv2.remap(grey, maps[..., 0], maps[..., 1], cv2.INTER_CUBIC)
    return patch


def _beside(patch: NDArray[np.float32], offsets: Points, reach_mm: float) -> Points:
    """Return how far beside the middle of a patch the cross in it is, in mm `[2]`: the centre of its arms' ink."""
    x, y = offsets[..., 0], offsets[..., 1]
    dark = np.clip(np.percentile(patch, 80) - patch, 0, None)
    moved = []
    for along, across in ((y, x), (x, y)):
        arm = (np.abs(along) > 0.45 * reach_mm) & (np.abs(along) < 0.95 * reach_mm) & (np.abs(across) < 0.5)
        ink = np.where(arm, dark, 0)
        moved.append(float((ink * across).sum() / max(ink.sum(), 1e-6)))
    return np.array(moved)


# --- the camera -------------------------------------------------------------------------------------------------------


def _camera(places: Points, pixels: Points, shape: tuple[int, ...]) -> tuple[Callable[[Points], Points], float]:
    """Fit a camera with Brown's radial terms; return the way from mm to pixels, and the tilt in degrees."""
    width, height = shape
    focal = 1.2 * max(shape)
    guess = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    solid = np.column_stack([places, np.zeros(len(places))]).astype(np.float32)
    view = pixels.astype(np.float32).reshape(-1, 1, 2)
    _, matrix, lens, turns, shifts = cv2.calibrateCamera(
        [solid], [view], (width, height), guess, np.zeros(5), flags=_LENS
    )

    def to_photo(points: Points) -> Points:
        solid = np.column_stack([points, np.zeros(len(points))])
        mapped: Points = cv2.projectPoints(solid, turns[0], shifts[0], matrix, lens)[0].reshape(-1, 2)
        return mapped

    normal = cv2.Rodrigues(turns[0])[0][:, 2]
    return to_photo, float(np.degrees(np.arccos(min(abs(normal[2]), 1.0))))


def _bent(
    to_photo: Callable[[Points], Points], places: Points, pixels: Points, size_mm: tuple[float, float]
) -> Callable[[Points], Points]:
    """Add a smooth cubic of the place to a camera: paper that bends, and terms of the lens beyond the radial ones."""

    def terms(points: Points) -> Points:
        x, y = (2 * points / size_mm - 1).T
        return np.column_stack([x**i * y**j for i in range(4) for j in range(4 - i)])

    rows = terms(places)
    ridge = 1e-3 * len(places) * np.eye(rows.shape[1])
    weights = np.linalg.solve(rows.T @ rows + ridge, rows.T @ (pixels - to_photo(places)))
    return lambda points: to_photo(points) + terms(points) @ weights
