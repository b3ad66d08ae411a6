"""Stands in for the renderer: `python quick_child.py HOW`. Speaks as `renderer.studio.rendering.render_process` does.

Started hundreds of times, so it does without pathlib.
"""

# ruff: noqa: PTH102, PTH118, PTH123

import hashlib
import json
import os
import sys
import threading
import time

MADE_BY = "artwork-renderer"  # renderer.manifest's, which takes long to import


def say(what, word):
    sys.stdout.write(json.dumps({what: word}) + "\n")
    sys.stdout.flush()


def listen(asked):
    for line in sys.stdin:
        if line.strip() == "stop":
            asked.set()
    os._exit(3)


def main():
    how = sys.argv[1]
    order = json.loads(sys.stdin.readline())
    asked = threading.Event()
    threading.Thread(target=listen, args=(asked,), daemon=True).start()
    say("progress", {"text": "fitting points 1/2", "share": 0.5, "loss": 0.25})
    if how.startswith("sleep "):
        time.sleep(float(how.split()[1]))
    if how == "polite" and asked.wait(20):
        say("stopped", {})
        return
    if how == "deaf":
        time.sleep(60)
    if how == "dies":
        sys.stderr.write("first\nterminate called: out of memory\n")
        sys.stderr.flush()
        os.kill(os.getpid(), 9)
    if how == "wrong":
        say("failed", {"why": "disc.yaml:3:1: unknown key 'x'", "again": False})
        return
    if how == "full":
        say("failed", {"why": "out/a: the disk is full", "again": False, "full": True})
        return
    if how == "bug":
        say("failed", {"why": "KeyError: 'x'", "again": True, "bug": True})
        return
    if how == "shows":
        say("picture", {"name": "progress", "media": "image/webp", "base64": "c2Vlbg=="})
        time.sleep(0.5)
        say("picture", {"name": "preview", "media": "image/webp", "base64": "d2hvbGU="})
        say("progress", {"text": "fitting points 2/2", "share": 1.0, "loss": 0.125})
    os.mkdir(order["staged"])
    text = f"{order['job']} {order['token']}"
    with open(os.path.join(order["staged"], "made.txt"), "w") as file:
        file.write(text)
    with open(os.path.join(order["staged"], "manifest.json"), "w") as file:  # that of a finished render
        json.dump({"made_by": MADE_BY, "files": {"made.txt": hashlib.sha256(text.encode()).hexdigest()}}, file)
    if how == "half":
        os._exit(1)
    say("done", {"sha256": "ab" * 32})


main()
