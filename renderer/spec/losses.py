"""The loss that a layer is fitted by: a weighted sum of terms on pixels, on structure and on features of networks."""

import difflib
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from renderer.spec.base import MisfitError, Path, SpecModel, exactly_one_of
from renderer.spec.networks import IMAGENET, LAYERS, LPIPS_NETS, STYLE_LAYERS, STYLISED, USUAL_LAYERS

FAR_MM = 1.0  # blur from afar: details that the eye hardly separates at one and a half arm's lengths

Sigma = Annotated[float, Field(gt=0, le=100)]
Net = Literal["vgg16", "alexnet", "squeezenet1_1"]


class Term(SpecModel):
    """The fields of every term."""

    weight: float = Field(1.0, gt=0, le=1e6, description="Factor of this term in the sum.")
    region: str | None = Field(
        None,
        min_length=1,
        description="A picture beside the spec, bright where this term counts and black where it does not. It is "
        "scaled to cover the target's picture.",
    )


# --- pixels -----------------------------------------------------------------------------------------------------------


class MSE(Term):
    """Mean squared difference of sRGB values."""


class BlurredMSE(Term):
    """Mean squared difference of both pictures as seen from afar (after the same blur)."""

    sigma_mm: Sigma = Field(FAR_MM, description="Standard deviation of the Gaussian blur, mm on the paper.")


class PyramidMSE(Term):
    """Mean squared difference at several sizes, each half the previous one."""

    levels: int = Field(4, ge=1, le=12, description="Number of sizes to compare, including the full one.")


class DogMSE(Term):
    """Mean squared difference of bands of detail: differences of Gaussians, each twice as coarse as the one before."""

    octaves: int = Field(3, ge=1, le=8, description="Number of bands to compare.")
    sigma_mm: Sigma | None = Field(None, description="Blur of the finest band, mm on the paper. Default: one pixel.")


class SSIM(Term):
    """One minus the structural similarity: edges and textures count more than tones."""

    sigma_mm: Sigma | None = Field(
        None, description="Standard deviation of the window, mm on the paper. Default: 1.5 pixels."
    )


class Edges(Term):
    """Mean squared difference of edge strength: where shapes begin and end, whatever their tone."""

    sigma_mm: Sigma | None = Field(
        None, description="Blur before edges are detected, mm on the paper. Default: one pixel."
    )


# --- networks ---------------------------------------------------------------------------------------------------------


class Augment(SpecModel):
    """The random crop and small warp that each step applies to both the picture and the target."""

    crop: float = Field(0.7, gt=0.1, le=1, description="Least share of each side that a step keeps; 1: no crop.")
    warp: float = Field(
        0.05, ge=0, le=0.3, description="How far each corner can move, as a share of the side; 0: no warp."
    )


class NetworkTerm(Term):
    """The fields of every term that uses a network."""

    scale: float | None = Field(
        None,
        gt=0,
        le=4,
        description="Size of the network's input, as a share of the fitted picture's. Default: 224 px for the longer "
        "side where the picture is larger.",
    )
    augment: Augment | None = Field(None, description="Random crops and small warps. Default: none.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Number format that the network computes with; `auto`: bfloat16 where that is faster."
    )


class Lpips(NetworkTerm):
    """Zhang et al. 2018, version 0.1: unit feature maps of five or seven depths, channel weights from a user study."""

    net: Literal["vgg", "alex", "squeeze"] = Field("vgg", description="The network under the linear layers.")
    weights: str = Field(
        IMAGENET,
        min_length=1,
        description="`imagenet`, to which the linear layers were fitted; or `stylised_imagenet` (of vgg, by Geirhos et "
        "al.), or a file beside the spec with weights of this network (.pth, .pth.tar, .safetensors).",
    )

    @property
    def trunk(self) -> tuple[str, str]:
        """Network and weights."""
        return LPIPS_NETS[self.net], self.weights

    @model_validator(mode="after")
    def _is_of_this_network(self) -> Self:
        if self.weights == STYLISED and self.net != "vgg":
            text = f"{STYLISED} is for vgg only; use net: vgg, or name a file with weights of {LPIPS_NETS[self.net]}"
            raise MisfitError((("weights",), text))
        return self


class FeatureTerm(NetworkTerm):
    """The fields of every term that compares feature maps at chosen depths."""

    net: Net = Field("vgg16", description="The network.")
    weights: str = Field(
        IMAGENET,
        min_length=1,
        description="`imagenet`, `stylised_imagenet` (of vgg16, by Geirhos et al.), or a file beside the spec with "
        "weights of this network (.pth, .pth.tar, .safetensors).",
    )
    layers: tuple[str, ...] | None = Field(
        None, min_length=1, description="Layers to compare, such as relu3_3. Default: one of each resolution."
    )
    layer_weights: tuple[Annotated[float, Field(ge=0, le=1e6)], ...] | None = Field(
        None, description="A weight for each of the layers. Default: 1 each."
    )

    @property
    def trunk(self) -> tuple[str, str]:
        """Network and weights."""
        return self.net, self.weights

    def depths(self, usual: dict[str, tuple[str, ...]]) -> tuple[tuple[str, float], ...]:
        """Name and weight of each layer; `usual` has the default layers of each network."""
        names = self.layers or usual[self.net]
        return tuple(zip(names, self.layer_weights or [1.0] * len(names), strict=True))

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        faults: list[tuple[Path, str]] = [*self._layer_faults()]
        count = len(self.layers or self._usual())
        if self.layer_weights is not None and len(self.layer_weights) != count:
            faults.append((("layer_weights",), f"has {len(self.layer_weights)} weights for {count} layers"))
        elif self.layer_weights is not None and not any(self.layer_weights):
            faults.append((("layer_weights",), "are all 0; at least one layer must count"))
        if self.weights == STYLISED and self.net != "vgg16":
            text = f"{STYLISED} is for vgg16 only; use net: vgg16, or name a file with weights of {self.net}"
            faults.append((("weights",), text))
        if faults:
            raise MisfitError(*faults)
        return self

    def _layer_faults(self) -> list[tuple[Path, str]]:
        known, seen = LAYERS[self.net], list(self.layers or ())
        faults: list[tuple[Path, str]] = []
        for index, name in enumerate(seen):
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                would_do = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
                faults.append((("layers", index), f"{self.net} has no layer {name!r}; {would_do}"))
            elif name in seen[:index]:
                faults.append((("layers", index), f"{name} is listed twice; keep one"))
        return faults

    def _usual(self) -> tuple[str, ...]:
        return USUAL_LAYERS[self.net]


class Features(FeatureTerm):
    """Distance of feature maps as in the paper: unit vectors over the channels, squared, summed over depths."""

    normalise: bool = Field(
        True, description="Whether the features at each place are first scaled to length 1, as in the paper."
    )


class Gram(FeatureTerm):
    """Gatys et al. 2016: which features occur together, wherever they are. The style of a texture or an artist."""

    style: str | None = Field(
        None, min_length=1, description="A picture beside the spec that gives the style. Default: the target itself."
    )

    def _usual(self) -> tuple[str, ...]:
        return STYLE_LAYERS[self.net]


PixelTerm = MSE | BlurredMSE | PyramidMSE | DogMSE | SSIM | Edges
LossTerm = PixelTerm | Lpips | Features | Gram


class Loss(SpecModel):
    """One term of a layer's loss: exactly one of these keys."""

    mse: MSE | None = Field(None, description="Mean squared difference of sRGB values.")
    blurred_mse: BlurredMSE | None = Field(
        None, description="The same after a Gaussian blur: the picture seen from afar."
    )
    pyramid_mse: PyramidMSE | None = Field(None, description="The same at several sizes: tones and detail at once.")
    dog_mse: DogMSE | None = Field(None, description="The same on bands of detail: shapes, but no even tones.")
    ssim: SSIM | None = Field(None, description="Structure: local edges and textures.")
    edges: Edges | None = Field(None, description="Strength of edges, whatever their tone.")
    lpips: Lpips | None = Field(None, description="LPIPS: how different two pictures look to people.")
    features: Features | None = Field(None, description="Feature maps of a network at chosen depths: the paper's own.")
    gram: Gram | None = Field(None, description="Style: which features of a network occur together.")

    @property
    def term(self) -> tuple[str, LossTerm]:
        """Name of the one key that is set, and its value."""
        [(name, term)] = [(name, term) for name, term in self if term is not None]
        return name, term

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        exactly_one_of(self, tuple(Loss.model_fields))
        return self
