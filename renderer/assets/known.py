"""Files that the program knows by name: free pictures and the weights of networks, identified by their sha256."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Asset:
    """A file of the cache.

    `url` is None where nothing can be fetched: for a file that was added by hand, or one that only people can download.
    """

    name: str
    sha256: str  # for weights, only the first 8 digits are published, as part of the file's name
    size_bytes: int
    title: str = ""
    licence: str = ""
    url: str | None = None
    page: str | None = None  # where people can get it if there is no `url`

    @property
    def source(self) -> str:
        """The address that it comes from."""
        return self.url or self.page or ""


_GITHUB = "https://raw.githubusercontent.com"
_NEURAL_STYLE = f"{_GITHUB}/jcjohnson/neural-style/07c4b8299f8fbdafec0c514fc820ff1d7ff62e46/examples/inputs"
_GALLERY = f"{_GITHUB}/Marcibouz/3D_Art_Gallery/381409ec2aace74f661f9b767ba1bd168a9c1b4d/public/images"
_SKETCHING = f"{_GITHUB}/jonhare/DifferentiableSketching/8778b7ae175870b41312dcc838407d21c924792a/data"
_SKIMAGE = f"{_GITHUB}/scikit-image/scikit-image/d496654a566b0bdfff0585bddbdf4c030e0e080f/skimage/data"
_SKIMAGE_LATER = f"{_GITHUB}/scikit-image/scikit-image/60764df36c34c5202554aae507722836b6108d10/skimage/data"
_GCOMPRIS = f"{_GITHUB}/gcompris/GCompris-qt"
_DETAILS = f"{_GCOMPRIS}/774e97184d7e4f09fc4feadaabec1d7d683f3b96/src/activities/details/resource/image"
_FARM = "src/activities/explore_farm_animals/resource/animals"
_FARM_1 = f"{_GCOMPRIS}/bdda7233c2f9ed752f524dd5a7b814dfe10be623/{_FARM}"
_FARM_2 = f"{_GCOMPRIS}/479d754bd58df8e2697dca321d2b0464ef0a04e9/{_FARM}"
_PALAPELI = f"{_GITHUB}/KDE/palapeli/c626e13ab36057daa16c4e7309b086f8e17df98b/puzzles"
_MATPLOTLIB = f"{_GITHUB}/matplotlib/matplotlib/v3.9.2/lib/matplotlib/mpl-data/sample_data"
_TORCH = "https://download.pytorch.org/models"
_GEIRHOS = "https://drive.google.com/drive/folders/1A0vUWyU6fTuc-xWgwQQeBvzbwi6geYQK"
_PUBLIC_DOMAIN = "public domain"  # painters dead for more than 70 years; the US government; the photographer's choice
_CC0 = "CC0"
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
    Asset(
        "chelsea",
        "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
        240_512,
        "Chelsea, a cat, Stefan van der Walt",
        _CC0,
        f"{_SKIMAGE_LATER}/chelsea.png",
    ),
    Asset(
        "coffee",
        "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
        466_706,
        "A cup of coffee, Rachel Michetti",
        _CC0,
        f"{_SKIMAGE_LATER}/coffee.png",
    ),
    Asset(
        "pere_tanguy",
        "5dc91d4230a20c5e488149b3b624a1acd023309b11acb08e89af19745965e96c",
        92_194,
        "Portrait of Pere Tanguy, Vincent van Gogh, 1887",
        _PUBLIC_DOMAIN,
        f"{_DETAILS}/PortraitOfPereTanguy_background.webp",
    ),
    Asset(
        "cafe_terrace",
        "cd41f9e0ad142148fc4dbb86bd98641cd56c7be95b650131066aaaa3e1d52957",
        108_216,
        "Cafe Terrace at Night, Vincent van Gogh, 1888",
        _PUBLIC_DOMAIN,
        f"{_DETAILS}/Gogh4_background.webp",
    ),
    Asset(
        "church_at_auvers",
        "6605f1dd5519ecd1e66220343dd27c3873f72a52b4c91f041e80c698554b9093",
        86_956,
        "The Church at Auvers, Vincent van Gogh, 1890",
        _PUBLIC_DOMAIN,
        f"{_DETAILS}/Eglise_dAuvers-sur-Oise_background.webp",
    ),
    Asset(
        "owl",
        "e8b7d705a955799f02eb3e8ded6487991d2c5c8274fee828ac75c0b917b3e237",
        19_458,
        "The Nightbird, Lepale",
        _PUBLIC_DOMAIN,
        f"{_FARM_1}/owl.webp",
    ),
    Asset(
        "horses",
        "87879a9644b71713f52aadf22562f30cc3e6e25a36e07d602a90e0cf6ec888aa",
        50_304,
        "A band of Nokota horses, Seth Zeigler",
        _PUBLIC_DOMAIN,
        f"{_FARM_1}/horse.webp",
    ),
    Asset(
        "duck",
        "fa4572f2022a3aded4b627b9234fb8abf1658d125b267dc8d28cb1a8213c3b60",
        19_432,
        "Aylesbury duck, Bernard Spragg",
        _PUBLIC_DOMAIN,
        f"{_FARM_1}/duck.webp",
    ),
    Asset(
        "kitten",
        "ab7c3e1b04e80bc567b00dba49946918b5a38be1f37618f0d2b4887ef5792770",
        23_150,
        "A kitten at play, Loliloli",
        _PUBLIC_DOMAIN,
        f"{_FARM_2}/cat.webp",
    ),
    Asset(
        "honey_bee",
        "9d54ae706bddd899c91b2b801d9ca4556a5a9a399b4043f9d539df62a8cb7f27",
        237_723,
        "European honey bee, John Severns",
        _PUBLIC_DOMAIN,
        f"{_PALAPELI}/european-honey-bee.jpg",
    ),
    Asset(
        "bridge",
        "09772d09318b34a5c5edd58ee86ff462bcd2907006f31cc8e0704310f8e9ab60",
        191_674,
        "A bridge at Cincinnati, Derek Jensen",
        _PUBLIC_DOMAIN,
        f"{_PALAPELI}/cincinnati-bridge.jpg",
    ),
    Asset(
        "citrus",
        "0cbd7154a14789803167c86705130d0358875198231269df168ea26224e70848",
        226_654,
        "Citrus fruits, US Department of Agriculture",
        _PUBLIC_DOMAIN,
        f"{_PALAPELI}/citrus-fruits.jpg",
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
