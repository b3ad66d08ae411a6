"""The pictures of `python -m benchmarks.pictures`: what they show, where they come from, and how they are found.

None of them belongs to this repository. Each is identified by its sha256, and searched for in folders and installed
packages.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

KINDS = ("portraits", "animals", "landscapes", "buildings", "night", "still life", "engravings", "flat graphics")
LARGEST_BYTES = 10_000_000  # of a file that can be one of them


@dataclass(frozen=True)
class Picture:
    """A picture and its credit."""

    name: str
    kind: str
    sha256: str
    package: str  # that ships it, with its format
    path: str  # in that package
    credit: str
    face: tuple[float, float, float] = (
        0.5,
        0.5,
        0.167,
    )  # the most important part: centre and half the width, as shares


_SKIMAGE, _SKLEARN, _SHARED = "scikit-image (wheel)", "scikit-learn (wheel)", "assets of this repository's specs"
_PALAPELI, _CLIPART, _STAMPS = "palapeli-data (Debian)", "openclipart-png (Debian)", "tuxpaint-stamps-default (Debian)"
_COLLECTION, _PNG = "usr/share/palapeli/collection", "usr/share/openclipart/png"
_ANIMALS = "usr/share/tuxpaint/stamps/animals"
_MUNCH = "Edvard Munch, The Scream, 1893; public domain"
_BATHERS = "Georges Seurat, Bathers at Asnieres, 1884; public domain"
_JATTE = "Georges Seurat, A Sunday on La Grande Jatte, 1884-86; public domain"
_GOGH = "Vincent van Gogh, The Starry Night, 1889; public domain"
_HOKUSAI = "Katsushika Hokusai, Under the Wave off Kanagawa, about 1831; public domain"

PICTURES = (
    Picture(
        "astronaut", "portraits", "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        _SKIMAGE, "skimage/data/astronaut.png", "NASA, Eileen Collins; public domain", (0.43, 0.24, 0.16),
    ),
    Picture(
        "grace_hopper", "portraits", "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
        "matplotlib (wheel)", "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
        "James S. Davis, US Navy, 1984; public domain", (0.51, 0.38, 0.2),
    ),
    Picture(
        "obama", "portraits", "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
        "face_recognition (sdist)", "tests/test_images/obama.jpg",
        "Pete Souza, The White House, 2012; public domain", (0.54, 0.22, 0.16),
    ),
    Picture(
        "mona_lisa", "portraits", "8217b583b9396d03d65f24db114d1b056426e9ab06dfa051940e84c577230dcb",
        "Wand (sdist)", "tests/assets/mona-lisa.jpg",
        "Leonardo da Vinci, Mona Lisa, about 1503; public domain", (0.46, 0.27, 0.18),
    ),
    Picture(
        "scream", "portraits", "f3075cddeb974a9ee1d6418f7f33fd05185a7ac7dcb4288bd2805d499a9dcaee",
        _SHARED, "scream.jpg", _MUNCH, (0.5, 0.58, 0.12),
    ),
    Picture(
        "photographer", "portraits", "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a",
        _SKIMAGE, "skimage/data/camera.png", "Lav Varshney; CC0", (0.42, 0.29, 0.16),
    ),
    Picture(
        "cat", "animals", "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
        _SKIMAGE, "skimage/data/chelsea.png", "Stefan van der Walt; CC0", (0.52, 0.5, 0.33),
    ),
    Picture(
        "chameleon", "animals", "adb9e2834a8a3db40ca3817452b956ada527085e5aa2bd604c465651a3834ae4",
        _PALAPELI, f"{_COLLECTION}/panther-chameleon-female.jpg", "B. Navez and others; GFDL", (0.36, 0.15, 0.2),
    ),
    Picture(
        "bee", "animals", "9d54ae706bddd899c91b2b801d9ca4556a5a9a399b4043f9d539df62a8cb7f27",
        _PALAPELI, f"{_COLLECTION}/european-honey-bee.jpg", "John Severns; public domain", (0.38, 0.42, 0.2),
    ),
    Picture(
        "zebra", "animals", "f4a1329606b3d77b7064c8c42d3e247f522f1a48f852ef787a963ecf819f0a8c",
        _STAMPS, f"{_ANIMALS}/mammals/equines/zebra.png", "Tux Paint; GPL 2", (0.2, 0.3, 0.2),
    ),
    Picture(
        "rooster", "animals", "f8e0caa20436484d76512417cb6c1b1a8d3f631da26350de4f3666526790fbe6",
        _STAMPS, f"{_ANIMALS}/birds/rooster.png", "Tux Paint; GPL 2", (0.25, 0.2, 0.2),
    ),
    Picture(
        "mountain", "landscapes", "9a77846a19a58f29bae67233c99f29fd2361536044176077c1ea4a2507c79b68",
        "Pillow (sdist)", "Tests/images/exif-72dpi-int.jpg", "Pillow's tests; MIT-CMU",
    ),
    Picture(
        "beach", "landscapes", "a90b6dcd1376683a152b26db99731fdf98042c850ec9582f18ab66bdfa37005b",
        "Wand (sdist)", "tests/assets/beach.jpg", "Wand's tests; MIT",
    ),
    Picture(
        "dune", "landscapes", "8a67c2cb0be8c46b70c237311a4fa4d2b4ac7d39568135384787801fa5cc9a91",
        "mate-backgrounds (Debian)", "usr/share/backgrounds/mate/nature/Dune.jpg",
        "Marco Cogoni and Hylke Bons; GPL 2 or later",
    ),
    Picture(
        "bathers", "landscapes", "ba85a85107038a9ab90dd8158548b4e20ab840a5320427ca5800246532a25d1a",
        _SHARED, "bathers_at_asnieres.jpg", _BATHERS, (0.57, 0.45, 0.16),
    ),
    Picture(
        "grande_jatte", "landscapes", "dbe49291c82f314295cb5188c01ec623565db4edc63587f4de428f95674d5ab5",
        _SHARED, "la_grande_jatte.jpg", _JATTE, (0.8, 0.35, 0.16),
    ),
    Picture(
        "temple", "buildings", "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
        _SKLEARN, "sklearn/datasets/images/china.jpg", "Daniel Buechele; CC BY 2.0",
    ),
    Picture(
        "castle", "buildings", "f4a6bf48b97d97715413f9ebd2d8744bd46df0e492bc8326e2513d51084f2612",
        _PALAPELI, f"{_COLLECTION}/castle-maintenon.jpg", "Eric Pouhier; GFDL",
    ),
    Picture(
        "library", "buildings", "d305e83c8d304b38106be23b04ce7357de2241059efc69f4fd5481735f417c2e",
        _CLIPART, f"{_PNG}/buildings/carnegie_library_building_01.png", "Open Clip Art Library; public domain",
    ),
    Picture(
        "bridge", "night", "09772d09318b34a5c5edd58ee86ff462bcd2907006f31cc8e0704310f8e9ab60",
        _PALAPELI, f"{_COLLECTION}/cincinnati-bridge.jpg", "Derek Jensen; public domain",
    ),
    Picture(
        "rocket", "night", "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
        _SKIMAGE, "skimage/data/rocket.jpg", "SpaceX, 2015; public domain",
    ),
    Picture(
        "starry_night", "night", "c31741a09141c2e2d07fc7aa6bdf135c369b804f9433e43fa3ceac19386d1ee6",
        _SHARED, "starry_night.jpg", _GOGH,
    ),
    Picture(
        "galaxies", "night", "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4",
        _SKIMAGE, "skimage/data/hubble_deep_field.jpg", "NASA, ESA, S. Beckwith and the HUDF team; public domain",
    ),
    Picture(
        "coffee", "still life", "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
        _SKIMAGE, "skimage/data/coffee.png", "Rachel Michetti; CC0",
    ),
    Picture(
        "citrus", "still life", "0cbd7154a14789803167c86705130d0358875198231269df168ea26224e70848",
        _PALAPELI, f"{_COLLECTION}/citrus-fruits.jpg", "US Department of Agriculture; public domain",
    ),
    Picture(
        "dahlia", "still life", "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
        _SKLEARN, "sklearn/datasets/images/flower.jpg", "vultilion; CC BY 2.0",
    ),
    Picture(
        "coins", "still life", "f8d773fc9cfa6f4d8e5942dc34d0a0788fcaed2a4fefbbed0aef5398d7ef4cba",
        _SKIMAGE, "skimage/data/coins.png", "Brooklyn Museum; no known restrictions",
    ),
    Picture(
        "great_wave", "engravings", "29ba02db5ca038db1d5238b77243c903b29dc25a0878a4313696d6a1aced0dc0",
        _SHARED, "great_wave.jpg", _HOKUSAI,
    ),
    Picture(
        "hygieia", "engravings", "2767416f08b007822a2d1c782e2af59b02fddc5249790fd3d5654d9ced995ec0",
        _CLIPART, f"{_PNG}/people/hygieia_peterm_01.png", "Open Clip Art Library; public domain",
    ),
    Picture(
        "owl", "engravings", "b8132265a8870e24219e4da73fe3cab8901a6f37748c35e855105bfa05b0f0a3",
        _CLIPART, f"{_PNG}/animals/birds/owl_on_branch_ganson.png", "Open Clip Art Library; public domain",
    ),
    Picture(
        "capitol", "engravings", "27bd86125f8b9e08143bd73f7092986263e0fcce567d5cca6be8f8a2bf0b2195",
        _CLIPART, f"{_PNG}/buildings/us_capitol_building_ink_01.png", "Open Clip Art Library; public domain",
    ),
    Picture(
        "logo", "flat graphics", "f2c57fe8af089f08b5ba523d95573c26e62904ac5967f4c8851b27d033690168",
        _SKIMAGE, "skimage/data/logo.png", "scikit-image; BSD 3-clause",
    ),
    Picture(
        "horse", "flat graphics", "c7fb60789fe394c485f842291ea3b21e50d140f39d6dcb5fb9917cc178225455",
        _SKIMAGE, "skimage/data/horse.png", "Andreas Preuss; CC0",
    ),
    Picture(
        "sunflower", "flat graphics", "f0a6842c4fceb94b220440e97278df68f8e8c01bf79bcf286fe322957eef50a1",
        _CLIPART, f"{_PNG}/plants/flowers/sun_flower_ganson.png", "Open Clip Art Library; public domain",
    ),
    Picture(
        "reader", "flat graphics", "c7d4f2fd70bc13f1b2700125ebbb452abc95c37aeb78dc3990ad71301de29c3f",
        _CLIPART, f"{_PNG}/people/woman_reading_gerald_g._01.png", "Open Clip Art Library; public domain",
    ),
)  # fmt: skip


def at_hand(folders: Iterable[Path], pictures: Iterable[Picture] = PICTURES) -> dict[str, Path]:
    """The files of those pictures that are in a folder, in an installed package or in the asset cache, by name."""
    from renderer.assets import find

    lying = {_sha256(path): path for folder in folders for path in _candidates(folder)}
    found = {one.name: lying.get(one.sha256) or _installed(one) or find(one.sha256) for one in pictures}
    return {name: path for name, path in found.items() if path is not None}


def _candidates(folder: Path) -> list[Path]:
    endings = {".png", ".jpg", ".jpeg", ".webp"}
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in endings]
    return [path for path in files if path.is_file() and path.stat().st_size <= LARGEST_BYTES]


def _installed(picture: Picture) -> Path | None:
    """The path of a picture in an installed package, which is not imported."""
    module, _, rest = picture.path.partition("/")
    if not picture.package.endswith("(wheel)") or (spec := find_spec(module)) is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / rest
    return path if path.is_file() and _sha256(path) == picture.sha256 else None


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
