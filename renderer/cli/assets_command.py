"""`render assets`: pictures and weights, identified by their SHA-256."""

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from renderer import assets
from renderer.assets import Asset, AssetError
from renderer.cli import printing
from renderer.cli.codes import DONE, FAILED
from renderer.cli.fit_progress import watching


def list_assets(*, as_json: bool) -> int:
    """List the files that are known by name, and whether they are in the cache."""
    rows = [_row(asset) for asset in assets.known()]
    if as_json:
        printing.as_json({"cache": str(assets.cache_folder()), "assets": rows})
        return DONE
    printing.say(f"cache: {assets.cache_folder()}")
    widest = max(len(row["name"]) for row in rows)
    for row in rows:
        here = "here" if row["path"] else "-"
        printing.data(
            f"{row['name']:<{widest}}  {here:<4}  {printing.size(row['size_bytes']):>8}  {row['title']}".rstrip()
        )
        printing.data(f"    {row['licence']}; {row['source']}")
    return DONE


def add_assets(*, files: tuple[Path, ...], as_json: bool) -> int:
    """Copy files into the cache; go on after one that fails."""
    return _each(files, _added, as_json)


def _added(path: Path) -> dict[str, Any]:
    asset = assets.add(path)
    if assets.known_as(asset.sha256) is None:
        printing.say(f"note: {path} is not known by name; a spec finds it by its sha256 or as a file beside the spec")
    return _row(asset)


def fetch_assets(*, names: tuple[str, ...], as_json: bool) -> int:
    """Fetch files that are known by name, or all pictures; go on after one that fails.

    Raises UsageError if a name is not known.
    """
    wanted = [_named(name) for name in names] or list(assets.PICTURES)
    return _each(wanted, _fetched, as_json)


def _fetched(asset: Asset) -> dict[str, Any]:
    if asset.url is None:
        where = f": it is {asset.page}" if asset.page else ""
        raise AssetError(f"{asset.name} cannot be fetched{where}; if you have a copy, run render assets add FILE")
    with watching("assets") as watch:
        path = assets.fetch(asset.url, asset.sha256, lambda done, total: watch.fetched(asset.name, done, total))
    return _row(asset, path)


def _each(items: Any, action: Callable[[Any], dict[str, Any]], as_json: bool) -> int:
    rows, code = [], DONE
    for item in items:
        try:
            row = action(item)
        except AssetError as error:
            printing.say(f"render: {error}")
            row, code = {"error": str(error)}, FAILED
        else:
            if not as_json:
                printing.data(f"{row['sha256']}  {row['name']}")
        rows.append(row)
    if as_json:
        printing.as_json({"assets": rows, "exit_code": code})
    return code


def _named(name: str) -> Asset:
    known = {asset.name: asset for asset in assets.known()}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    suggestion = f"did you mean {near[0]!r}?" if near else f"known names are {', '.join(known)}"
    raise click.UsageError(f"no file is known as {name!r}; {suggestion}")


def _row(asset: Asset, path: Path | None = None) -> dict[str, Any]:
    path = path or assets.find_start(asset.sha256)
    return {
        "name": asset.name,
        "sha256": asset.sha256,
        "size_bytes": asset.size_bytes,
        "title": asset.title,
        "licence": asset.licence,
        "url": asset.url,
        "source": asset.source,
        "path": path and str(path),
    }
