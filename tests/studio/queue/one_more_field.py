"""The program with one more field of a job, `shelf`: what its commands and its page say, as JSON.

`python one_more_field.py FOLDER DESCRIPTION`. The description is put below the last one of JobFields; FOLDER has
disc.yaml, and so has its folder specs.
"""

import ast
import contextlib
import importlib.util
import io
import json
import os
import sqlite3
import sys
from pathlib import Path

folder, description = Path(sys.argv[1]), sys.argv[2]
os.chdir(folder)
os.environ["RENDER_DB"] = "queue.db"

NAME = "renderer.studio.queue.job_fields"
spec = importlib.util.find_spec(NAME)
assert spec is not None
assert spec.origin is not None
source = Path(spec.origin).read_text(encoding="utf-8")
lines = source.splitlines()
last = next(node.end_lineno for node in ast.parse(source).body if getattr(node, "name", "") == "JobFields")
code = "\n".join([*lines[:last], description, *lines[last:]])
module = importlib.util.module_from_spec(spec)
sys.modules[NAME] = module
exec(compile(code, spec.origin, "exec"), module.__dict__)

from renderer import cli  # noqa: E402
from renderer.studio.queue import listing, records, requests  # noqa: E402
from renderer.studio.queue.store import Store  # noqa: E402

sys.path.append(str(Path(__file__).parents[1] / "page"))
from browsing import served  # noqa: E402


def call(*arguments: object) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert cli.run(["queue", *map(str, arguments)]) == 0
    return out.getvalue()


said: dict[str, object] = {}
call("add", "disc.yaml", "--shelf", "Top left")
said["listed"] = call("list").splitlines()
said["shown"] = call("show", 1).splitlines()
said["add_help"], said["edit_help"] = call("add", "--help"), call("edit", "--help")
call("edit", 1, "--shelf", "Lower")
said["why"] = json.loads(call("history", "--json"))["events"][-1]["why"]
said["copied"] = json.loads(call("copy", 1, "--json"))["jobs"][0]["shelf"]

store = Store("queue.db")
with served(store, folder) as site:
    curator = site.as_("curator")
    curator.post("/pieces", {"spec": "disc.yaml", "shelf": "Middle"})
    curator.post("/pieces/2/edit", {"shelf": "Floor"})
    said["page"] = curator.get("/").text
with store.read() as connection:
    said["posted"] = [records.find(connection, number).shelf for number in (3, 2)]  # type: ignore[attr-defined]
store.close()

older = sqlite3.connect("old.db")
older.executescript(Path(__file__).with_name("version1.sql").read_text())
older.close()
store = Store("old.db")
said["old"] = [job.shelf for job in listing.listed(store)]  # type: ignore[attr-defined]
said["old_edited"] = requests.edit(store, 3, "ada", shelf="Lower").shelf  # type: ignore[attr-defined]
store.close()
sys.stdout.write(json.dumps(said))
