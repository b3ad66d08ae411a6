"""The order of the modules: each imports only what stands above it, so a file is understood without those below."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = {
    "hardware": "papers plurals tile_grid stations pen drawing kernel_cache toolpath plain_kernels yamlfile starters "
    "rack pen_mapping dialect controllers pen_lift machine sheet_placement arcs program drawing_part gcode hpgl "
    "machine_files reloading planner estimate pauses lettering formats svgfile svg_intake intake picture tiling "
    "card_sheet measured_card card simulator wire job plotting hosts terminal __main__",
    "renderer": "styles spec specfile assets target colours primitives ragged strokes cores blur form error difference "
    "similarity raster encoders palette tone focus planning progress fitted_strokes result losses sources placement "
    "stipple marks optimise "
    "visible warm_fit fit_log fitting passes finish preview manifest comparison charts report output plot_source "
    "feasibility plan new_spec examples sheet_text pipeline small_sheet tensorboard_log notebook film print_size "
    "measure gallery studio cli __main__",
}
# the same inside these folders; `__init__` needs no place
INSIDE = {
    "hardware.simulator": "virtual_device firmware settings lookahead_planner trace grbl_parser machine_state geometry "
    "status_report interpreter controller fault_injection bench ebb_motion ebb_board ebb_bench hpgl_plotter "
    "hpgl_bench pty",
    "hardware.wire": "gcode_text link_errors port host_address serial_port opener line_port replies grbl_codes link "
    "grbl_stream grbl_identity grbl marlin gcode_ops translating_link motion_plan ebb_setup ebb_replies ebb_moves "
    "ebb_stream ebb hpgl_setup hpgl_link port_scan",
    "hardware.job": "gcode_job formatting pen_state timing trips gcode_parser prepare variants locate evidence",
    "hardware.plotting": "move_names events control sleep_inhibitor pen_guard ebb_guard hpgl_guard journal preflight "
    "pace repeated_notes session messages asking opening pen_change parking continuing origin resume recover plot "
    "steering",
    "hardware.hosts": "host_request host_status moonraker octoprint host_program host_plot",
    "hardware.formats": "stroke_sheet dxf_file hpgl_scanner hpgl_file pdf_file",
    "hardware.svgfile": "xml svg_values findings svg_paint stylesheet cascade subpath path_curves path_data flatten "
    "outline clipping scene clip_regions markers paint_servers plain_image typefaces svg_text hatch write layer_labels "
    "sizing svg_layers shape_strokes read",
    "hardware.terminal": "event_text lines screen answers plot_runner options port_commands",
}
TORCHLESS = {"hardware", "renderer.spec", "renderer.specfile", "renderer.assets", "renderer.target", "renderer.colours"}
TORCHLESS |= {
    "renderer.plot_source",
    "renderer.planning",
    "renderer.feasibility",
    "renderer.plan",
    "renderer.new_spec",
    "renderer.gallery",
    "renderer.studio",
    "renderer.cli",
}
# imported when there is something to order, or a curve to follow
KERNELS = {f"hardware.toolpath.{name}" for name in ("tour", "start", "local_search")}
KERNELS |= {"hardware.svgfile.path_curves"}
LAZY = {"torch", "torchvision", "numba", "lpips", "svgelements", "tinycss2", "cssselect2", "shapely"}

FILES = sorted(path for package in ORDER for path in (ROOT / package).rglob("*.py"))


def imports(node: ast.AST) -> Iterator[str]:
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield from (f"{child.module}.{alias.name}" for alias in child.names)


def rank(module: str) -> tuple[int, int] | None:
    """Package and place of a dotted name; None where it is not ours. ValueError where it has no place."""
    package, _, rest = module.partition(".")
    if package not in ORDER:
        return None
    name = rest.split(".")[0]
    is_module = (ROOT / package / name).is_dir() or (ROOT / package / f"{name}.py").exists()
    return list(ORDER).index(package), ORDER[package].split().index(name) if name and is_module else -1


def rank_inside(folder: str, module: str) -> int | None:
    """Place of a module within its folder; None where it is not in there. ValueError where it has no place."""
    if not module.startswith(f"{folder}."):
        return None
    return INSIDE[folder].split().index(module.removeprefix(f"{folder}.").split(".")[0])


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", FILES, ids=dotted)
def test_a_module_imports_only_what_stands_above_it(path: Path) -> None:
    own = rank(dotted(path))
    assert own is not None
    for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
        other = rank(name)
        assert other is None or other <= own, f"{dotted(path)} imports {name}, which stands below it"
        if dotted(path).startswith("hardware"):
            assert name.split(".")[0] not in {"torch", "torchvision", "lpips", "renderer"}, (
                f"{dotted(path)} imports {name}"
            )


@pytest.mark.parametrize("folder", INSIDE)
def test_a_module_imports_only_what_stands_above_it_in_its_folder(folder: str) -> None:
    graph = import_graph()
    modules = [module for module in graph if module.startswith(f"{folder}.")]
    assert {module.rpartition(".")[2] for module in modules} == set(INSIDE[folder].split())
    for module in modules:
        for other in graph[module]:
            place = rank_inside(folder, other)
            assert place is None or place < (rank_inside(folder, module) or 0), (
                f"{module} imports {other}, which stands below it"
            )


def import_graph() -> dict[str, set[str]]:
    """Each module of ours and those that it imports: at its top, in functions and for type checkers alike."""
    modules = {dotted(path): path for path in FILES}
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        named = set(imports(ast.parse(path.read_text(encoding="utf-8"))))
        found = {name if name in modules else name.rpartition(".")[0] for name in named}
        graph[module] = (found & set(modules)) - {module}
    return graph


def circles(graph: dict[str, set[str]]) -> set[tuple[str, ...]]:
    """Groups of modules each of which reaches all others of its group."""
    reached = {module: _reached(graph, module) for module in graph}
    groups = {tuple(sorted({other for other in reached[m] if m in reached[other]} | {m})) for m in graph}
    return {group for group in groups if len(group) > 1}


def _reached(graph: dict[str, set[str]], module: str) -> set[str]:
    reached, left = set(), [module]
    while left:
        for other in graph[left.pop()] - reached:
            reached.add(other)
            left.append(other)
    return reached


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(import_graph()) == set()


def test_a_circle_is_found_however_long() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": set()}
    assert circles(graph) == {("a", "b", "c")}


@pytest.mark.parametrize("folder", ["hardware/wire", "hardware/job", "hardware/plotting"])
def test_the_code_that_moves_a_machine_does_not_know_renderer(folder: str) -> None:
    assert not [path for path in (ROOT / folder).rglob("*.py") if "renderer" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize(
    "path", [p for p in FILES if dotted(p).startswith(tuple(TORCHLESS)) and dotted(p) not in KERNELS], ids=dotted
)
def test_a_module_that_every_command_needs_imports_nothing_slow_at_its_top(path: Path) -> None:
    top = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if not isinstance(node, ast.FunctionDef)]
    slow = {name.split(".")[0] for node in top for name in imports(node)} & LAZY
    assert not slow


def test_a_file_that_has_no_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "renderer").mkdir()
    (tmp_path / "renderer" / "utils.py").touch()
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    with pytest.raises(ValueError, match="'utils' is not in list"):
        rank("renderer.utils")


# --- the order inside folders ---

FOLDERS = {
    "renderer.gallery": "names engine key statement state label exhibit collect build gather verify pages work cluster",
    "renderer.measure": "registration paper_light ink_model sheet_windows readings field_fits measured_pen card_photo "
    "measured_rack measure_page",
    "renderer.gallery.cluster": "scheduler payload result_checks worker_plugin worker_process cluster_workers "
    "cluster_build",
    "renderer.studio": "queue rendering plotting drafting calling page",
    "renderer.studio.drafting": "draft_process draft_worker",
    "renderer.studio.queue": "states job_fields location fast_list tables store records changes order ink_supply "
    "editing job_pictures previews adding questions pausing listing release submission requests leases workers "
    "liveness machine_moves",
    "renderer.studio.rendering": "job_progress render_process attempt render_worker",
    "renderer.studio.plotting": "plot_messages stroke_trace pen_log worker_state machine_steering plot_rows plot_job "
    "plot_worker",
    "renderer.studio.calling": "channel_settings senders caller",
    "renderer.studio.page": "ended_access access responses request_checks folders upload_checks page_settings cameras "
    "queue_views plot_history metrics gallery_works plans uploaded_specs drawing_choices actions steering_actions "
    "change_stream request_inputs page_templates page_context action_answers mapped_drawings view_routes "
    "service_routes file_routes session_routes action_routes photo_routes drawing_routes spec_routes routes server",
    "renderer.cli": "codes process printing atomic_file interrupt fit_progress assets_command doctor "
    "compare_command examples_command export_command film_command gcode_command measure_command new "
    "plan_command plot_command render specs tile_command command_options render_commands drawing_commands gallery "
    "queue",
    "renderer.cli.gallery": "cluster_options gallery_progress gallery_verify build_and_check work_process "
    "gallery_commands",
    "renderer.cli.queue": "status_text field_options database queue_list job_details job_requests queue_add "
    "run_worker serve_page queue_commands",
}


def place_in(folder: str, module: str) -> int | None:
    """Where a module stands in its folder's list; None where it is not in the folder. ValueError without a place."""
    name = module.removeprefix(f"{folder}.").split(".")[0]
    path = ROOT.joinpath(*folder.split("."), name)
    is_ours = module.startswith(f"{folder}.") and (path.is_dir() or path.with_suffix(".py").exists())
    return FOLDERS[folder].split().index(name) if is_ours else None


@pytest.mark.parametrize("folder", FOLDERS)
def test_inside_a_folder_a_module_imports_only_what_stands_above_it(folder: str) -> None:
    """Imports inside functions and those for the type checker alone count too."""
    for path in sorted(ROOT.joinpath(*folder.split(".")).rglob("*.py")):
        own = place_in(folder, dotted(path))
        if own is None:  # the folder's own __init__
            continue
        for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
            other = place_in(folder, name)
            assert other is None or other <= own, f"{dotted(path)} imports {name}, which stands below it"


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_lists_what_it_holds(folder: str) -> None:
    held = {path.stem for path in ROOT.joinpath(*folder.split(".")).glob("*.py")} - {"__init__"}
    held |= {path.parent.name for path in ROOT.joinpath(*folder.split(".")).glob("*/__init__.py")}
    assert held == set(FOLDERS[folder].split())
