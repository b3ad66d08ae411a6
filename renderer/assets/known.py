"""Files that the program knows by name: pictures that are free and weights of networks, told apart by their sha256."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Asset:
    """A file of the cache.

    `url` is None where nothing can be fetched: a file that somebody added, or one that its page gives to people alone.
    """

    name: str
    sha256: str  # of weights only its first 8 digits are published, as part of the file's name
    size_bytes: int
    title: str = ""
    licence: str = ""
    url: str | None = None
    page: str | None = None  # where a person gets it, where there is no `url`

    @property
    def source(self) -> str:
        """Where it comes from."""
        return self.url or self.page or ""


_GITHUB = "https://raw.githubusercontent.com"
_NEURAL_STYLE = f"{_GITHUB}/jcjohnson/neural-style/07c4b8299f8fbdafec0c514fc820ff1d7ff62e46/examples/inputs"
_GALLERY = f"{_GITHUB}/Marcibouz/3D_Art_Gallery/381409ec2aace74f661f9b767ba1bd168a9c1b4d/public/images"
_SKETCHING = f"{_GITHUB}/jonhare/DifferentiableSketching/8778b7ae175870b41312dcc838407d21c924792a/data"
_SKIMAGE = f"{_GITHUB}/scikit-image/scikit-image/d496654a566b0bdfff0585bddbdf4c030e0e080f/skimage/data"
_MATPLOTLIB = f"{_GITHUB}/matplotlib/matplotlib/v3.9.2/lib/matplotlib/mpl-data/sample_data"
_TORCH = "https://download.pytorch.org/models"
_GEIRHOS = "https://drive.google.com/drive/folders/1A0vUWyU6fTuc-xWgwQQeBvzbwi6geYQK"
_PUBLIC_DOMAIN = "public domain"  # each painter died more than 70 years ago; photographs of the US government
_BSD = "BSD-3-Clause"  # torchvision's

PICTURES = (
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
    Asset(
        "astronaut",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        791_555,
        "Eileen Collins, NASA, 1999",
        _PUBLIC_DOMAIN,
        f"{_SKIMAGE}/astronaut.png",
    ),
    Asset(
        "grace_hopper",
        "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
        61_306,
        "Grace Hopper, James S. Davis, US Navy, 1984",
        _PUBLIC_DOMAIN,
        f"{_MATPLOTLIB}/grace_hopper.jpg",
    ),
)

WEIGHTS = (
    Asset("vgg16-imagenet", "397923af", 553_433_881, "VGG16, ImageNet", _BSD, f"{_TORCH}/vgg16-397923af.pth"),
    Asset("alexnet-imagenet", "7be5be79", 244_408_911, "AlexNet, ImageNet", _BSD, f"{_TORCH}/alexnet-owt-7be5be79.pth"),
    Asset(
        "squeezenet1_1-imagenet",
        "b8a52dc0",
        4_958_839,
        "SqueezeNet 1.1, ImageNet",
        _BSD,
        f"{_TORCH}/squeezenet1_1-b8a52dc0.pth",
    ),
    Asset(
        "vgg16-imagenet-features",
        "af273c0cd2149d7e85ece94343f3f6d1c9dfa72a82986edab8d182f907a846de",
        58_861_328,
        "VGG16, ImageNet, convolutions alone",
        _BSD,
        page="the features of vgg16-imagenet, as safetensors",
    ),
    Asset(
        "alexnet-imagenet-features",
        "ca6a014613db88f2036205a25bba00a8355f8a0515601164b6985302687817bc",
        9_879_888,
        "AlexNet, ImageNet, convolutions alone",
        _BSD,
        page="the features of alexnet-imagenet, as safetensors",
    ),
    Asset(
        "squeezenet1_1-imagenet-features",
        "645ede2e36e522f88781a5b05bd2dc745fe62588679be5fb977fc2fd25b803f0",
        2_894_928,
        "SqueezeNet 1.1, ImageNet, convolutions alone",
        _BSD,
        page="the features of squeezenet1_1-imagenet, as safetensors",
    ),
    Asset(
        "vgg16-stylised_imagenet",
        "6c6fcc9f",
        553_500_000,  # about; its page says 528 MB
        "VGG16, Stylised-ImageNet, Geirhos et al. 2019",
        "as its page says",
        page=_GEIRHOS,
    ),
)

KNOWN = (*PICTURES, *WEIGHTS)
