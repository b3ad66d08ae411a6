"""Files that the program knows by name: public-domain pictures, each told from any other by its sha256."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Asset:
    """A file of the cache. `url` is None for one that somebody added and that is known by its content alone."""

    name: str
    sha256: str
    size_bytes: int
    title: str = ""
    licence: str = ""
    url: str | None = None


_GITHUB = "https://raw.githubusercontent.com"
_NEURAL_STYLE = f"{_GITHUB}/jcjohnson/neural-style/07c4b8299f8fbdafec0c514fc820ff1d7ff62e46/examples/inputs"
_GALLERY = f"{_GITHUB}/Marcibouz/3D_Art_Gallery/381409ec2aace74f661f9b767ba1bd168a9c1b4d/public/images"
_SKETCHING = f"{_GITHUB}/jonhare/DifferentiableSketching/8778b7ae175870b41312dcc838407d21c924792a/data"
_PUBLIC_DOMAIN = "public domain"  # each painter died more than 70 years ago

KNOWN = (
    Asset(
        "scream",
        "f3075cddeb974a9ee1d6418f7f33fd05185a7ac7dcb4288bd2805d499a9dcaee",
        216_723,
        "The Scream, Edvard Munch, 1893",
        _PUBLIC_DOMAIN,
        f"{_NEURAL_STYLE}/the_scream.jpg",
    ),
    Asset(
        "starry_night",
        "c31741a09141c2e2d07fc7aa6bdf135c369b804f9433e43fa3ceac19386d1ee6",
        613_337,
        "The Starry Night, Vincent van Gogh, 1889",
        _PUBLIC_DOMAIN,
        f"{_NEURAL_STYLE}/starry_night_google.jpg",
    ),
    Asset(
        "bathers_at_asnieres",
        "ba85a85107038a9ab90dd8158548b4e20ab840a5320427ca5800246532a25d1a",
        172_266,
        "Bathers at Asnieres, Georges Seurat, 1884",
        _PUBLIC_DOMAIN,
        f"{_SKETCHING}/Baigneurs_a_Asnieres.jpg",
    ),
    Asset(
        "la_grande_jatte",
        "dbe49291c82f314295cb5188c01ec623565db4edc63587f4de428f95674d5ab5",
        897_760,
        "A Sunday on La Grande Jatte, Georges Seurat, 1884-86",
        _PUBLIC_DOMAIN,
        f"{_GALLERY}/sunday.jpg",
    ),
    Asset(
        "great_wave",
        "29ba02db5ca038db1d5238b77243c903b29dc25a0878a4313696d6a1aced0dc0",
        688_568,
        "Under the Wave off Kanagawa, Katsushika Hokusai, about 1831",
        _PUBLIC_DOMAIN,
        f"{_GALLERY}/wave.jpg",
    ),
)
