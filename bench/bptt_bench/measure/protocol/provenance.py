"""The code that a run measures: digests of the experiment's source, and of what it imports from the same project.

Imports are read from the source, wherever they stand in it: what a function imports when it is called belongs to the
code as well. Left out are the standard library, installed packages (unless the experiment is part of one) and the
harness, which states its version. Code that is installed in editable form counts as part of the project.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.machinery
import importlib.util
import sysconfig
from collections.abc import Iterator, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path

from bptt_bench.errors import BenchError

HARNESS = __name__.partition(".")[0]
INSTALLED = frozenset({"site-packages", "dist-packages"})
MOST_NAMED = 5  # files in a message
IMPORTERS = ("import_module", "__import__")  # functions that import what their first argument names


class CodeDiffersError(BenchError, RuntimeError):
    """Other code is found than a run began with; the message names the files."""


def digest_sources(module: str) -> dict[str, str]:
    """Return the sha256 of the source of an experiment and of what it imports from its project.

    Parameters
    ----------
    module : the name of a module, or the path of a ``.py`` file.

    Returns
    -------
    dict : digests by the files' paths from where they are imported, such as ``pack/model.py``; empty where there is no
        such module.
    """
    found: dict[str, str] = {}
    seen = _find_specifications(module)
    waiting, own = list(seen), {name.partition(".")[0]: True for name in seen}
    while waiting:
        name = waiting.pop()
        spec = seen[name]
        path = None if spec.origin is None else Path(spec.origin)
        if path is None or not path.is_file():
            continue  # a namespace, which has no source
        content = path.read_bytes()
        is_package = spec.submodule_search_locations is not None
        found[_file_name(name, path, is_package)] = hashlib.sha256(content).hexdigest()
        package = name if is_package else name.rpartition(".")[0]
        for imported in _imports(content, package) if path.suffix == ".py" else ():
            for each in _with_parents(imported):
                top = each.partition(".")[0]
                if each in seen or not own.get(top, True) or (other := _find_module(each, seen)) is None:
                    continue
                if top not in own:
                    own[top] = _is_own(other)
                if own[top]:
                    seen[each] = other
                    waiting.append(each)
    return dict(sorted(found.items()))


def folder_of(module: str) -> Path | None:
    """Return the folder of the source of an experiment; None where that is unknown, or where it is installed."""
    origins = [spec.origin for spec in _find_specifications(module).values()]
    if not origins or origins[-1] is None or not Path(origins[-1]).is_file():
        return None
    folder = Path(origins[-1]).resolve().parent
    return None if INSTALLED & set(folder.parts) else folder


def changed_files(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the files that differ, each with how.

    >>> changed_files({"a.py": "1", "b.py": "1", "c.py": "1"}, {"a.py": "1", "b.py": "2", "d.py": "1"})
    ['b.py (changed)', 'c.py (gone)', 'd.py (new)']
    """
    words = {
        **{name: "changed" for name in before if name in now and before[name] != now[name]},
        **{name: "gone" for name in before if name not in now},
        **{name: "new" for name in now if name not in before},
    }
    return [f"{name} ({words[name]})" for name in sorted(words)]


def list_files(files: list[str]) -> str:
    """Return files in a sentence: the first few, and how many more.

    >>> list_files(["a.py (changed)", "b.py (new)"])
    'a.py (changed), b.py (new)'
    """
    more = len(files) - MOST_NAMED
    return ", ".join(files[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def require_sources(module: str, begun_with: Mapping[str, str]) -> None:
    """See that the code is that which a run began with; files known to one side alone may lie elsewhere on a host.

    Raises
    ------
    CodeDiffersError : a file has changed.
    """
    seen = _find_specifications(module)
    now = {}
    for file in begun_with:
        path = _path_of(file, seen)
        if path is not None and path.is_file():
            now[file] = hashlib.sha256(path.read_bytes()).hexdigest()
    files = changed_files({file: begun_with[file] for file in now}, now)
    if files:
        raise CodeDiffersError(f"the code has changed since the run began: {list_files(files)}")


def _path_of(file: str, seen: dict[str, ModuleSpec]) -> Path | None:
    """Return where the file of a module lies here; ``seen`` are the modules found so far, and grows."""
    name = file.rpartition(".")[0].removesuffix("/__init__").replace("/", ".")
    for each in _with_parents(name):
        if each not in seen:
            spec = _find_module(each, seen)
            if spec is None:
                return None
            seen[each] = spec
    origin = seen[name].origin
    return None if origin is None else Path(origin)


def _find_specifications(module: str) -> dict[str, ModuleSpec]:
    """Return where an experiment lies, after the packages that it is in; empty where there is no such module."""
    seen: dict[str, ModuleSpec] = {}
    if module.endswith(".py"):
        path = Path(module)
        spec = importlib.util.spec_from_file_location(path.stem, path.resolve()) if path.is_file() else None
        return {} if spec is None else {spec.name: spec}
    for name in _with_parents(module):
        if (found := _find_module(name, seen)) is None:
            return {}
        seen[name] = found
    return seen


def _find_module(name: str, seen: Mapping[str, ModuleSpec]) -> ModuleSpec | None:
    """Return where a module lies; nothing is imported to find out, because its parents were found before."""
    parent, _, last = name.rpartition(".")
    try:
        if not parent:
            return importlib.util.find_spec(name)
        locations = seen[parent].submodule_search_locations if parent in seen else None
        return None if locations is None else importlib.machinery.PathFinder.find_spec(name, locations)
    except (ImportError, ValueError):  # a module that was made by hand
        return None
    except KeyError:  # a namespace within a package, which asks the parent that nothing has imported
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [f"{folder}/{last}" for folder in locations or ()]
        return spec


def _is_own(spec: ModuleSpec) -> bool:
    """Return whether a module is code of a project: neither the harness nor the standard library, and not installed."""
    if spec.name == HARNESS:
        return False
    places = [spec.origin] if spec.has_location and spec.origin else list(spec.submodule_search_locations or ())
    library = [Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib")]
    paths = [Path(place).resolve() for place in places]
    return bool(paths) and not any(
        INSTALLED & set(path.parts) or any(path.is_relative_to(folder) for folder in library) for path in paths
    )


def _file_name(name: str, path: Path, is_package: bool) -> str:
    """Return the path of a module's file relative to where it is imported from."""
    return f"{name.replace('.', '/')}/{path.name}" if is_package else f"{name.replace('.', '/')}{path.suffix}"


def _with_parents(name: str) -> list[str]:
    """Return ``["a", "a.b", "a.b.c"]`` for ``"a.b.c"``."""
    parts = name.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts)) if all(parts[: i + 1])]


def _imports(content: bytes, package: str) -> Iterator[str]:
    """Yield the names of all imports of a source, wherever they stand; what follows ``from`` may be a module or not."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in _statements(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=name, names=names, level=level):
                base = _absolute_name(name or "", package, level)
                yield base
                yield from (f"{base}.{alias.name}" if base else alias.name for alias in names)
    for node in ast.walk(tree) if any(name.encode() in content for name in IMPORTERS) else ():
        match node:
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called), args=[ast.Constant(value=str(name)), *_]
            ):
                if called in IMPORTERS:
                    bare = name.lstrip(".")
                    yield _absolute_name(bare, package, len(name) - len(bare))


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements, of which no expression holds any."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        nodes = getattr(tree, field, ())
        for node in nodes if isinstance(nodes, list) else ():  # the body of a lambda is an expression
            yield node
            yield from _statements(node)


def _absolute_name(name: str, package: str, level: int) -> str:
    """Return the full name of what is imported relative to a package, so many levels up."""
    if not level:
        return name
    parents = package.split(".")
    return ".".join(part for part in (*parents[: len(parents) - level + 1], name) if part)
