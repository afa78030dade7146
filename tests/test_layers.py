"""The arrows of ARCHITECTURE.md: imports read with `ast`, so that nothing has to run."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = {
    path: "interlock." + ".".join(path.relative_to(ROOT / "tools/interlock").with_suffix("").parts)
    for path in sorted((ROOT / "tools/interlock").rglob("*.py"))
}
CLI = sorted((ROOT / "tools/interlock_cli").rglob("*.py"))
CONFORMANCE = sorted((ROOT / "conformance").rglob("*.py"))
IMPL = sorted((ROOT / "impl").rglob("*.py"))

MAY_IMPORT = {
    "core": {"core"},
    "lang": {"lang", "core"},
    "model": {"model", "lang", "core"},
    "engines": {"engines", "core"},
    "report": {"engines", "core"},
    "pipeline": {"report", "engines", "model", "lang", "core"},
    "render": {"render", "report", "engines", "core"},
}
"""Rooms of `interlock` and the rooms that each may import."""

THIRD_PARTY = {"lark": ("lang/",), "z3": ("engines/z3/",), "llvmlite": ("engines/native/",), "rich": ("render/",)}
"""Which part of `interlock` alone may import a library."""


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every imported module with its line, wherever in the file; `from a import b` gives `a` and `a.b`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                yield from ((alias.name, node.lineno) for alias in node.names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module, node.lineno
                yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)
            case ast.Call(func=ast.Name(id="import_module" | "__import__"), args=[ast.Constant(value=str(module)), *_]):
                yield module, node.lineno
            case ast.ImportFrom():
                yield f"relative import in {path.name}", node.lineno
            case _:
                pass


def room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "interlock" and len(parts) > 1 and parts[1] in MAY_IMPORT else None


@pytest.mark.parametrize(("path", "name"), SOURCES.items(), ids=SOURCES.values())
def test_imports_point_down(path, name):
    own = room(name)
    wrong = [
        f"{path.name}:{line} imports {module}"
        for module, line in imports(path)
        if own is not None
        and (
            (room(module) is not None and room(module) not in MAY_IMPORT[own])
            or module.split(".")[0] in ("interlock_cli", "interlock_pytest", "interlock_conformance", "list_lru")
            or module.startswith("relative")
        )
    ]
    assert not wrong


@pytest.mark.parametrize(("library", "homes"), THIRD_PARTY.items())
def test_a_library_has_one_home(library, homes):
    base = ROOT / "tools/interlock"
    users = {str(p.relative_to(base)) for p in SOURCES for module, _ in imports(p) if module.split(".")[0] == library}
    assert users
    assert not [user for user in users if not user.startswith(homes)]


def test_core_imports_the_standard_library_alone():
    for path in (p for p, name in SOURCES.items() if room(name) == "core"):
        outside = {m.split(".")[0] for m, _ in imports(path)} & {"lark", "z3", "rich", "hypothesis", "greenlet"}
        assert not outside, path


def test_implementations_know_the_runtime_alone():
    """What binds them to specifications stands beside them, and knows both sides."""
    for path in (p for p in IMPL if p.parent.name != "bindings"):
        for module, line in imports(path):
            if module.split(".")[0] in ("interlock", "interlock_cli", "interlock_conformance"):
                assert module.startswith("interlock_conformance.runtime") or module == "interlock_conformance", (
                    f"{path}:{line} imports {module}"
                )


def test_neither_the_tool_nor_conformance_knows_a_candidate():
    packages = {path.relative_to(ROOT / "impl").parts[0] for path in IMPL}
    assert not [(p, m) for p in (*SOURCES, *CLI, *CONFORMANCE) for m, _ in imports(p) if m.split(".")[0] in packages]


def test_conformance_does_not_know_the_command():
    assert not [
        (p, m)
        for p in CONFORMANCE
        for m, _ in imports(p)
        if m.startswith(("interlock_cli", "interlock_pytest", "interlock.render"))
    ]


def test_only_the_command_prints():
    for path in (*SOURCES, *CONFORMANCE):
        calls = [
            node.lineno
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        ]
        assert not calls, f"{path} prints in lines {calls}"


def test_commands_import_nothing_heavy_when_they_are_listed():
    """What `--help` needs is imported at the top of a command's file; the rest belongs inside `run`."""
    listed = {
        "main.py",
        "options.py",
        "check.py",
        "prove.py",
        "bmc.py",
        "explore.py",
        "show.py",
        "fmt.py",
        "new.py",
        "conform.py",
        "replay.py",
        "mutate.py",
        "testgen.py",
        "trace.py",
        "run_candidate.py",
    }
    for path in (p for p in CLI if p.name in listed):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = [n.module or "" for n in tree.body if isinstance(n, ast.ImportFrom)]
        heavy = [m for m in top if m.split(".")[0] in ("rich", "z3", "lark") or m.startswith(("interlock.lang", "interlock.engines", "interlock.render", "interlock.pipeline"))]  # fmt: skip
        assert not heavy, f"{path.name} imports {heavy}"
