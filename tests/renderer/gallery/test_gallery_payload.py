"""A work that travels: packed, unpacked where nothing can get beside it, and looked at when it comes back."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from renderer.assets import AssetError, find
from renderer.assets.cache import store
from renderer.gallery.cluster import payload as parcels
from renderer.gallery.cluster.payload import Need, PayloadError, lacking, packed, unpacked, within
from renderer.gallery.cluster.result_checks import ResultError, verified
from renderer.gallery.key import key
from renderer.gallery.names import MANIFEST
from renderer.gallery.work import render_files
from renderer.progress import silent
from renderer.specfile import load

RACK = 'pens:\n  - {name: black, colour: "#111111", nib_mm: 4}\n'


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RENDER_OFFLINE", "1")


@pytest.fixture
def far(spec: Path, tmp_path: Path) -> Path:
    """A spec whose picture and rack lie outside of its folder."""
    (tmp_path / "pictures").mkdir()
    (spec.parent / "disc.png").rename(tmp_path / "pictures" / "disc.png")
    (tmp_path / "racks").mkdir()
    (tmp_path / "racks" / "one.yaml").write_text(RACK)
    head, _, tail = spec.read_text().partition("pens:\n")
    text = head.replace("disc.png", "../pictures/disc.png") + "pens: {rack: ../racks/one.yaml}\n"
    spec.write_text(text + tail[tail.index("machine:") :])
    return spec


def test_what_lies_outside_of_the_specs_folder_lies_inside_of_the_parcels(far: Path, tmp_path: Path) -> None:
    (work,) = load(far)
    parcel, needs = packed(work, tmp_path / "gallery")
    assert set(parcel.files) == {"specs/disc.yaml", "pictures/disc.png", "racks/one.yaml"}
    assert (parcel.spec, parcel.gallery, parcel.root, needs) == ("specs/disc.yaml", "gallery", str(tmp_path), ())
    there = tmp_path / "there"
    there.mkdir()
    found = unpacked(parcel, there)
    assert found.artwork == work.artwork
    assert key(found) == key(work)
    assert {path.relative_to(there).as_posix() for path in there.rglob("*") if path.is_file()} == set(parcel.files)


def test_a_picture_of_what_counts_travels_too(spec: Path, tmp_path: Path) -> None:
    (spec.parent / "face.png").write_bytes((spec.parent / "disc.png").read_bytes())
    spec.write_text(spec.read_text().replace("image: disc.png", "image: disc.png, focus: face.png"))
    parcel, _ = packed(load(spec)[0], tmp_path / "gallery")
    assert "face.png" in {Path(name).name for name in parcel.files}


def test_all_that_other_works_of_the_same_spec_name_travels_too(spec: Path, tmp_path: Path) -> None:
    (spec.parent / "twin.png").write_bytes((spec.parent / "disc.png").read_bytes())
    spec.write_text(spec.read_text() + "matrix: {target.image: [disc.png, twin.png]}\n")
    parcel, _ = packed(load(spec)[0], tmp_path / "gallery")
    assert {Path(name).name for name in parcel.files} == {"disc.yaml", "disc.png", "twin.png"}


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "", "a/..", "x\0y", "..", "/"], ids=repr)
@pytest.mark.parametrize("where", ["files", "large", "spec", "gallery"])
def test_a_name_that_leads_out_is_refused_before_anything_is_written(
    spec: Path, tmp_path: Path, name: str, where: str
) -> None:
    parcel, _ = packed(load(spec)[0], tmp_path / "gallery")
    value: Any = {"files": {**parcel.files, name: b"x"}, "large": {name: "ab" * 32}}.get(where, name)
    there = tmp_path / "deep" / "there"
    there.mkdir(parents=True)
    with pytest.raises(PayloadError) as caught:
        unpacked(replace(parcel, **{where: value}), there)
    assert str(caught.value) == f"{name!r} leads out of its folder; nothing was written"
    assert not list(there.iterdir())
    assert [path.name for path in there.parent.iterdir()] == ["there"]


def test_names_that_stay_inside_are_taken() -> None:
    for name in ("a", "a/b", "a..b/c..", "...", "a b/ü"):
        within(name)


def test_a_picture_that_is_named_from_the_root_cannot_travel(spec: Path, tmp_path: Path) -> None:
    picture = spec.parent / "disc.png"
    spec.write_text(spec.read_text().replace("image: disc.png", f"image: {picture}"))
    with pytest.raises(PayloadError) as caught:
        packed(load(spec)[0], tmp_path / "gallery")
    assert str(caught.value) == (
        f"{spec}: {str(picture)!r} is an absolute path, which would be another file on a worker; "
        "write it relative to the spec's folder, as in ../targets/sea.png"
    )


def test_a_large_file_goes_through_the_asset_cache(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcels, "LARGE_BYTES", 500)
    picture = spec.parent / "disc.png"
    sha256 = hashlib.sha256(picture.read_bytes()).hexdigest()
    (work,) = load(spec)
    parcel, needs = packed(work, tmp_path / "gallery")
    name = next(iter(parcel.large))
    assert parcel.large == {name: sha256}
    assert name.endswith("disc.png") and name not in parcel.files
    assert needs == (Need((sha256,), picture),)
    assert needs[0].sha256 == sha256
    there = tmp_path / "there"
    there.mkdir()
    with pytest.raises(AssetError) as caught:
        unpacked(parcel, there)
    assert str(caught.value) == f"{name} (sha256 {sha256}) is not in the asset cache of this machine"
    assert lacking((needs[0].starts,)) == (0,)
    store(picture)
    assert lacking((needs[0].starts,)) == ()
    assert key(unpacked(parcel, there)) == key(work)


def test_pictures_from_the_web_and_weights_are_told_by_their_sha256(spec: Path, tmp_path: Path) -> None:
    sha256 = store(spec.parent / "disc.png")
    image = f'{{url: "https://example.org/a.png", sha256: "{sha256}", fallback: disc.png}}'
    text = spec.read_text().replace("image: disc.png", f"image: {image}")
    spec.write_text(text + "    loss: [lpips: {net: squeeze}]\n")
    parcel, needs = packed(load(spec)[0], tmp_path / "gallery")
    assert {Path(name).name for name in parcel.files} == {"disc.yaml", "disc.png"}
    assert needs[0] == Need((sha256,), find(sha256))
    weights = needs[1]
    assert [start[:8] for start in weights.starts] == ["b8a52dc0", "645ede2e"]


# --- coming back ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], Any]:
    """The files of a work that was made, and its key."""
    import numpy as np
    from PIL import Image

    folder = tmp_path_factory.mktemp("specs")
    Image.fromarray(np.full((40, 30, 3), 90, np.uint8)).save(folder / "grey.png")
    (folder / "grey.yaml").write_text(
        "version: 1\ntitle: Grey\ntarget: {image: grey.png}\ncanvas: {paper: A6, px_per_mm: 0.5}\n"
        f"{RACK}layers:\n  - points: 5\n    steps: 1\n"
    )
    (work,) = load(folder / "grey.yaml")
    return render_files(work, folder / "gallery", silent)[0], key(work)


def test_what_came_back_whole_is_taken(made: tuple[dict[str, bytes], Any]) -> None:
    files, wanted = made
    assert verified(files, wanted) == files


def test_a_file_that_is_not_as_its_manifest_says_is_refused(made: tuple[dict[str, bytes], Any]) -> None:
    files, wanted = made
    content = files["drawing.svg"]
    other = content[:-1] + b" "
    with pytest.raises(ResultError) as caught:
        verified({**files, "drawing.svg": other}, wanted)
    was, now = hashlib.sha256(content).hexdigest(), hashlib.sha256(other).hexdigest()
    assert str(caught.value) == (
        f"drawing.svg has the sha256 {now}, but its manifest says {was}; nothing was written, build again"
    )


@pytest.mark.parametrize("name", ["../evil.svg", "more.svg"])
def test_a_file_that_the_manifest_has_not_is_refused(made: tuple[dict[str, bytes], Any], name: str) -> None:
    files, wanted = made
    with pytest.raises(ResultError) as caught:
        verified({**files, name: b"x"}, wanted)
    assert str(caught.value) == (f"the result lacks {name!r}, or its manifest does; nothing was written")


def test_a_file_that_is_missing_is_refused(made: tuple[dict[str, bytes], Any]) -> None:
    files, wanted = made
    less = {name: content for name, content in files.items() if name != "drawing.svg"}
    with pytest.raises(ResultError, match=r"^the result lacks 'drawing.svg', or its manifest does"):
        verified(less, wanted)


def test_a_manifest_that_was_changed_or_cannot_be_read_is_refused(made: tuple[dict[str, bytes], Any]) -> None:
    files, wanted = made
    with pytest.raises(ResultError, match=r"^the result has no readable manifest.json"):
        verified({**files, MANIFEST: b"{"}, wanted)
    statement = json.loads(files[MANIFEST])
    statement["predicate"]["render_title"] = "Another"
    with pytest.raises(ResultError, match=r"^the manifest.json of the result was changed on the way"):
        verified({**files, MANIFEST: json.dumps(statement).encode()}, wanted)


def test_a_work_made_from_something_else_is_refused(made: tuple[dict[str, bytes], Any]) -> None:
    files, wanted = made
    other = type(wanted)({**wanted.parts, "engine": "0" * 64, "target": "0" * 64})
    with pytest.raises(ResultError) as caught:
        verified(files, other)
    assert str(caught.value) == ("the result was made from another target, engine; nothing was written, build again")
