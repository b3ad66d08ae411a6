"""The networks that losses use: the names of their layers, in the order in which a picture passes them.

The place of a name in the list is its index in torchvision's `features`, so checking a spec loads no network.
"""

Network = str  # vgg16, alexnet, squeezenet1_1


def _vgg16() -> tuple[str, ...]:
    names: list[str] = []
    for block, convolutions in enumerate((2, 2, 3, 3, 3), 1):
        names += [f"{kind}{block}_{n}" for n in range(1, convolutions + 1) for kind in ("conv", "relu")]
        names.append(f"pool{block}")
    return tuple(names)


LAYERS: dict[Network, tuple[str, ...]] = {
    "vgg16": _vgg16(),
    "alexnet": (
        *("conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "conv3", "relu3", "conv4", "relu4"),
        *("conv5", "relu5", "pool5"),
    ),
    "squeezenet1_1": (
        *("conv1", "relu1", "pool1", "fire2", "fire3", "pool3", "fire4", "fire5", "pool5"),
        *("fire6", "fire7", "fire8", "fire9"),
    ),
}

# The layers that LPIPS and the paper compare: the last of each resolution, or nearly so.
USUAL_LAYERS: dict[Network, tuple[str, ...]] = {
    "vgg16": ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"),
    "alexnet": ("relu1", "relu2", "relu3", "relu4", "relu5"),
    "squeezenet1_1": ("relu1", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9"),
}

# Gatys et al. 2016 take style from the first layer of each resolution.
STYLE_LAYERS: dict[Network, tuple[str, ...]] = {
    "vgg16": ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
    "alexnet": ("relu1", "relu2", "relu3", "relu4", "relu5"),
    "squeezenet1_1": ("relu1", "fire2", "fire4", "fire6", "fire8"),
}

# The trunk under each of the lpips package's sets of linear layers.
LPIPS_NETS = {"vgg": "vgg16", "alex": "alexnet", "squeeze": "squeezenet1_1"}

IMAGENET, STYLISED = "imagenet", "stylised_imagenet"  # weights with a name; anything else is a file
