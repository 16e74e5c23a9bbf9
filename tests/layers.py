"""The layers of the packages, read from their sources: ``python -m tests.layers`` prints which folder imports which.

Deferred imports count; those for type checking count for the rules and not for the graph.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HARNESS, SUBJECT = "bptt_bench", "bptt_rnn"
SOURCE_ROOTS = {HARNESS: ROOT / "bench", SUBJECT: ROOT / "rnn"}
FOUNDATION = ("text", "errors")  # what any stage may import
STAGES = {  # what each stage may import of the others: only stages to its left
    "text": set[str](),
    "plan": set[str](),
    "measure": {"plan"},
    "store": {"plan", "measure"},
    "analyse": {"plan", "store"},
    "report": {"plan", "store", "analyse"},
    "validation": {"plan", "analyse"},  # stands beside the way of the data: simulated samples in, error rates out
    "workflows": {"plan", "measure", "store", "analyse", "report", "validation"},
    "integrations": {"plan", "measure", "store", "analyse", "report", "validation", "workflows"},
    "cli": {"plan", "measure", "store", "analyse", "report", "validation", "workflows"},
}
ADAPTER = "bptt_rnn.experiment"
CLOCKS = {"time", "timeit"}
CLOCK_READS = {"perf_counter", "perf_counter_ns", "monotonic", "process_time", "now", "utcnow", "today"}
FITTING = {"scipy"}


def module_name(path: Path, root: Path | None = None) -> str:
    if root is None:
        root = next(root for root in SOURCE_ROOTS.values() if path.is_relative_to(root))
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source: str, module: str, *, package: bool = False) -> Iterator[str]:
    """Full names of all that a source imports, wherever it does: at the top, in a function, for type checking."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=name, names=names, level=level):
                parents = module.split(".")
                base = parents[: len(parents) - level + (1 if package else 0)] if level else []
                origin = ".".join([*base, *([name] if name else [])])
                yield from (f"{origin}.{alias.name}" for alias in names)
            case ast.Call(func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"), args=[first, *_]):
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def offences(source: str, module: str, *, package: bool = False) -> list[str]:
    """What a module does against the rules, one line each."""
    found: list[str] = []
    top, _, rest = module.partition(".")
    stage = rest.partition(".")[0]
    names = list(imports(source, module, package=package))
    if top == HARNESS:
        found += [f"{module} imports {name}: bench knows nothing of rnn" for name in names if within(name, SUBJECT)]
    if top == SUBJECT and not within(module, ADAPTER):
        found += [f"{module} imports {name}: only {ADAPTER} may" for name in names if within(name, HARNESS)]
    if top == HARNESS and stage in STAGES:
        allowed = STAGES[stage] | {stage, *FOUNDATION, "__version__"}
        found += [
            f"{module} imports {name}: {stage} may import {', '.join(sorted(allowed))}"
            for name in names
            if within(name, HARNESS) and not any(within(name, f"{HARNESS}.{other}") for other in allowed)
        ]
    if top == HARNESS and stage in {"plan", "analyse", "report"}:
        found += [f"{module} imports {name}: no clock here" for name in names if name.split(".")[0] in CLOCKS]
        found += [
            f"{module} reads a clock: {ast.unparse(node)}"
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_READS
        ]
    if top == HARNESS and stage == "measure":
        found += [f"{module} imports {name}: measure may not fit" for name in names if name.split(".")[0] in FITTING]
    if top == HARNESS and stage == "report":
        found += [f"{module} imports {name}: no pyplot state" for name in names if within(name, "matplotlib.pyplot")]
    return found


def sources() -> list[Path]:
    return sorted(path for root in SOURCE_ROOTS.values() for path in root.rglob("*.py"))


Graph = Mapping[str, set[str]]


def import_graph(roots: Iterable[Path], package: str) -> dict[str, set[str]]:
    """The modules of a package that each of its modules imports, also in functions; not those for type checking."""
    paths = {module_name(path, root): path for root in roots for path in sorted(root.rglob("*.py"))}
    graph: dict[str, set[str]] = {}
    for module, path in paths.items():
        if not within(module, package):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        source = ast.unparse(WithoutTypeChecking().visit(tree))
        names = imports(source, module, package=path.name == "__init__.py")
        found = {name if name in paths else name.rpartition(".")[0] for name in names}
        graph[module] = {name for name in found if name in paths and name != module}
    return graph


class WithoutTypeChecking(ast.NodeTransformer):
    """Leaves out what stands under ``if TYPE_CHECKING``."""

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        return ast.Pass() if ast.unparse(node.test).endswith("TYPE_CHECKING") else node


def folder_graph(graph: Graph, packages: Iterable[str]) -> dict[str, set[str]]:
    """The same between folders; what lies directly in the harness's own folder counts module by module."""
    known = set(packages)

    def folder(module: str) -> str:
        return module if module in known or module.count(".") < 2 else module.rpartition(".")[0]

    found: dict[str, set[str]] = defaultdict(set)
    for module, names in graph.items():
        found[folder(module)] |= {folder(name) for name in names} - {folder(module)}
    return dict(found)


def circles(graph: Graph) -> list[list[str]]:
    """Groups of nodes that reach one another (Tarjan's strongly connected components of more than one node)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            start = stack.index(node)
            group, stack[start:] = stack[start:], []
            if len(group) > 1:
                found.append(sorted(group))

    for node in graph:
        if node not in index:
            visit(node)
    return found


def packages_of(root: Path) -> list[str]:
    return [module_name(path, root) for path in root.rglob("__init__.py")]


def lines_of_graph(graph: Graph) -> list[str]:
    """Return a line a folder, those that import least first: what it imports directly."""
    left, done, found = dict(graph), set[str](), list[str]()
    while left:
        ready = sorted(name for name, names in left.items() if names <= done) or sorted(
            left
        )  # in a circle: none is ready
        found += [f"{name} -> {', '.join(sorted(left.pop(name))) or '(nothing)'}" for name in ready]
        done |= set(ready)
    return found


def main() -> None:
    """Print the import graph of both packages at folder level, and whether it has a circle."""
    for package, root in SOURCE_ROOTS.items():
        graph = folder_graph(import_graph([root], package), packages_of(root))
        lines = [line.replace(f"{package}.", "") for line in lines_of_graph(graph)]
        print(*lines, f"circles in {package}: {circles(graph) or 'none'}", "", sep="\n")


if __name__ == "__main__":
    main()
