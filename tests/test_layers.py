"""eshops <- orders <- sync <- fynode: no import points the other way, none hides in a function."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ["eshops", "orders", "sync", "fynode"]


def modules() -> list[Path]:
    return [
        path
        for layer in LAYERS
        for path in sorted((ROOT / layer).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    layer = LAYERS.index(path.relative_to(ROOT).parts[0])
    above = LAYERS[layer + 1 :]
    tree = ast.parse(path.read_text())
    assert not {name for name in imported(tree) if name.split(".")[0] in above}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_import_inside_a_function(path: Path) -> None:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, functions):
            assert not imported(node), f"{node.name} imports when called"


def test_adapters_and_sandbox_know_neither_django_nor_celery() -> None:
    for path in [
        path for part in ("adapters", "sandbox") for path in (ROOT / "eshops" / part).rglob("*.py")
    ]:
        roots = {name.split(".")[0] for name in imported(ast.parse(path.read_text()))}
        assert not roots & {"django", "celery"}, path.name


def test_no_two_modules_import_each_other() -> None:
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in modules()}
    names = {name.removesuffix(".__init__"): path for name, path in names.items()}
    uses = {
        name: imported(ast.parse(path.read_text())) & names.keys() - {name}
        for name, path in names.items()
    }
    reach = {name: set(targets) for name, targets in uses.items()}
    for middle in names:
        for name in names:
            if middle in reach[name]:
                reach[name] |= reach[middle]
    assert not [name for name in names if name in reach[name]]
