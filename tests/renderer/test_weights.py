"""Weights that a spec names: where they are searched for, and the single message that says what is missing."""

import hashlib
import shutil
from pathlib import Path

import pytest
import torch
import torchvision

from renderer import assets
from renderer.assets import AssetError, fetch, find_start
from renderer.assets.known import WEIGHTS, Asset
from renderer.assets.weights import Trunk, at_hand, check, files, trunks
from renderer.spec import Artwork

VGG16, ALEXNET = Trunk("vgg16", "imagenet"), Trunk("alexnet", "imagenet")
STYLISED = Trunk("vgg16", "stylised_imagenet")


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, an empty torch hub, and no internet."""
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("RENDER_OFFLINE", "1")
    return tmp_path


def artwork(*losses: object) -> Artwork:
    pens = {"rack": {"pens": [{"name": "black", "colour": "#000000", "nib_mm": 1}]}}
    layer = {"points": {"count": 1}, "loss": list(losses)}
    fields = {"version": 1, "title": "x", "target": {"image": "x.png"}, "pens": pens, "layers": [layer]}
    return Artwork.model_validate(fields)


def lacking(*wanted: Trunk, folder: Path = Path()) -> str:
    with pytest.raises(AssetError) as caught:
        files(wanted, folder)
    return str(caught.value)


def test_a_work_names_each_of_its_networks_once() -> None:
    work = artwork({"lpips": {}}, {"features": {}}, {"gram": {"net": "alexnet"}}, {"mse": {}}, {"ssim": {}})
    assert trunks(work) == (VGG16, ALEXNET)
    assert trunks(artwork({"features": {"weights": "own.pth"}})) == (Trunk("vgg16", "own.pth"),)
    assert trunks(artwork({"lpips": {"net": "squeeze"}})) == (Trunk("squeezenet1_1", "imagenet"),)


def test_what_is_missing_is_told_with_its_size_and_two_commands() -> None:
    assert lacking(VGG16) == (
        "the weights vgg16-imagenet (553 MB) are missing. To get them: render assets fetch vgg16-imagenet, or, with a "
        "copy of them, render assets add FILE (https://download.pytorch.org/models/vgg16-397923af.pth could not be "
        "fetched: RENDER_OFFLINE is set)"
    )


def test_weights_that_no_program_may_fetch_are_told_with_their_page() -> None:
    file = "vgg16_train_60_epochs_lr0.01-6c6fcc9f.pth.tar"
    page = "https://drive.google.com/drive/folders/1A0vUWyU6fTuc-xWgwQQeBvzbwi6geYQK"
    assert lacking(STYLISED) == (
        f"the weights vgg16-stylised_imagenet (554 MB) are missing. To get them: xdg-open {page} and download {file} "
        f"there by hand, then render assets add {file}"
    )


def test_all_that_is_missing_is_told_at_once() -> None:
    told = lacking(VGG16, STYLISED, Trunk("alexnet", "own.pth"))
    assert told.count("are missing") == 2
    assert "the weights file 'own.pth' does not exist; name a file beside the spec" in told


def test_it_is_asked_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssetError, match=r"^the weights vgg16-imagenet \(553 MB\) are missing"):
        check(artwork({"lpips": {}}), tmp_path)
    monkeypatch.delenv("RENDER_OFFLINE")
    check(artwork({"lpips": {}}), tmp_path)  # they may be fetched
    check(artwork({"mse": {}}), tmp_path)
    with pytest.raises(AssetError, match="stylised"):
        check(artwork({"features": {"weights": "stylised_imagenet"}}), tmp_path)


def test_a_file_beside_the_spec_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "own.pth").write_bytes(b"x")
    own = Trunk("alexnet", "own.pth")
    assert files([own], tmp_path) == {own: tmp_path / "own.pth"}


def test_where_torchvisions_own_loader_puts_them_they_are_found(nothing_here: Path) -> None:
    folder = nothing_here / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "alexnet-owt-7be5be79.pth").write_bytes(b"x")
    assert str(folder) == str(Path(torch.hub.get_dir()) / "checkpoints")
    assert at_hand(ALEXNET, Path()) == folder / "alexnet-owt-7be5be79.pth"
    assert at_hand(VGG16, Path()) is None


def test_the_addresses_are_torchvisions() -> None:
    by_name = {asset.name: asset for asset in WEIGHTS}
    for net, enum in (("vgg16", "VGG16"), ("alexnet", "AlexNet"), ("squeezenet1_1", "SqueezeNet1_1")):
        official = getattr(torchvision.models, f"{enum}_Weights").IMAGENET1K_V1
        asset = by_name[f"{net}-imagenet"]
        assert asset.url == official.url
        assert f"-{asset.sha256}." in official.url
        assert asset.size_bytes == pytest.approx(official.meta["_file_size"] * 2**20, rel=0.002)


def test_weights_are_known_by_the_start_of_their_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"weights")
    sha256 = hashlib.sha256(b"weights").hexdigest()
    asset = Asset("vgg16-imagenet", sha256[:8], 7, "", "", "http://127.0.0.1:1/x")
    monkeypatch.setattr(assets, "KNOWN", (asset,))
    monkeypatch.setattr("renderer.assets.weights.WEIGHTS", (asset,))
    assert find_start(asset.sha256) is None
    assert assets.add(tmp_path / "file") == asset
    place = tmp_path / "cache" / "sha256" / sha256
    assert find_start(asset.sha256) == place == at_hand(VGG16, Path()) == fetch(asset.url or "", asset.sha256)
    place.write_bytes(b"damaged")
    assert find_start(asset.sha256) is None


def test_features_alone_do_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"features")
    features = Asset("alexnet-imagenet-features", hashlib.sha256(b"features").hexdigest(), 8)
    monkeypatch.setattr("renderer.assets.weights.WEIGHTS", (*WEIGHTS, features))
    assets.add(tmp_path / "file")
    shutil.rmtree(tmp_path / "torch", ignore_errors=True)
    found = at_hand(ALEXNET, Path())
    assert found is not None
    assert found.read_bytes() == b"features"
