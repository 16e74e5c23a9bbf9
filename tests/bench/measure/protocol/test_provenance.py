"""Which code a run measures: what the experiment imports from its project, however and whenever it does."""

from __future__ import annotations

from pathlib import Path

import pytest
from bptt_bench.measure.protocol.provenance import (
    CodeDiffersError,
    changed_files,
    digest_sources,
    folder_of,
    list_files,
    require_sources,
)

FILES = {
    "__init__.py": "",
    "experiment.py": (
        "import json\nimport numpy as np\nimport bptt_bench\nfrom . import model\nfrom .parts.deep import value as v\n"
        "def prepare(point):\n    import PACK.late\n    from importlib import import_module\n"
        "    import_module('PACK.named')\n"
        "    import_module('.near', __package__)\n    return __import__('PACK.dunder')\n"
    ),
    "model.py": "from .shared import number\n",
    "shared.py": "from .model import __name__ as number\n",  # a circle
    "parts/__init__.py": "from PACK.parts import of_parts\n",
    "parts/deep.py": "from ..up import other\nvalue = 1\n",
    "parts/of_parts.py": "",
    **{f"{name}.py": "" for name in ("up", "late", "named", "near", "dunder")},
    "broken.py": "x = (",
    "nobody.py": "raise SystemExit  # nothing imports this",
}


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package that can be imported and was not: its name is another one in each test."""
    name = f"pack_{abs(hash(tmp_path))}"
    for file, source in FILES.items():
        path = tmp_path / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.replace("PACK", name))
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def test_all_that_is_imported_from_the_project_counts_and_nothing_else(pack: str) -> None:
    expected = set(FILES) - {"nobody.py", "broken.py"}
    assert set(digest_sources(f"{pack}.experiment")) == {f"{pack}/{file}" for file in expected}


def test_a_module_in_no_package_is_named_from_where_it_is_imported(pack: str, tmp_path: Path) -> None:
    (tmp_path / "alone.py").write_text(f"import {pack}.model\n")
    expected = {"alone.py", *(f"{pack}/{file}" for file in ("__init__.py", "model.py", "shared.py"))}
    assert set(digest_sources("alone")) == set(digest_sources(str(tmp_path / "alone.py"))) == expected


def test_a_namespace_within_a_package_is_followed(pack: str, tmp_path: Path) -> None:
    for file, source in {"space/inner.py": "", "space/deeper/last.py": ""}.items():
        (tmp_path / pack / file).parent.mkdir(exist_ok=True)
        (tmp_path / pack / file).write_text(source)
    (tmp_path / pack / "up.py").write_text(f"import {pack}.space.inner\nfrom {pack}.space.deeper import last\n")
    found = digest_sources(f"{pack}.experiment")
    assert {f"{pack}/space/inner.py", f"{pack}/space/deeper/last.py"} <= set(found)


def test_a_source_that_cannot_be_parsed_counts_for_what_it_holds(pack: str) -> None:
    assert set(digest_sources(f"{pack}.broken")) == {f"{pack}/__init__.py", f"{pack}/broken.py"}


@pytest.mark.parametrize("file", ["experiment.py", "late.py", "parts/of_parts.py"])
def test_a_change_is_seen(pack: str, tmp_path: Path, file: str) -> None:
    before = digest_sources(f"{pack}.experiment")
    path = tmp_path / pack / file
    path.write_text(path.read_text() + "# changed\n")
    assert changed_files(before, digest_sources(f"{pack}.experiment")) == [f"{pack}/{file} (changed)"]


@pytest.mark.parametrize("file", ["__init__.py", "experiment.py", "late.py", "parts/__init__.py", "parts/of_parts.py"])
def test_a_process_that_finds_another_file_refuses_to_measure(pack: str, tmp_path: Path, file: str) -> None:
    begun_with = digest_sources(f"{pack}.experiment")
    require_sources(f"{pack}.experiment", begun_with)
    path = tmp_path / pack / file
    path.write_text(path.read_text() + "# changed\n")
    with pytest.raises(CodeDiffersError, match=rf"since the run began: {pack}/{file} \(changed\)"):
        require_sources(f"{pack}.experiment", begun_with)
    path.unlink()
    require_sources(f"{pack}.experiment", begun_with)  # it may lie elsewhere on another host


def test_a_file_that_is_an_experiment_is_held_against_itself(pack: str, tmp_path: Path) -> None:
    alone = tmp_path / f"alone_{pack}.py"
    alone.write_text(f"import {pack}.model\n")
    begun_with = digest_sources(str(alone))
    require_sources(str(alone), begun_with)
    alone.write_text("pass\n")
    with pytest.raises(CodeDiffersError, match=rf"began: {alone.name} \(changed\)"):
        require_sources(str(alone), begun_with)


def test_imports_are_found_wherever_a_statement_may_stand(pack: str, tmp_path: Path) -> None:
    source = (
        "class A:\n    try:\n        pass\n    except ValueError:\n        import PACK.up\n    else:\n        pass\n"
        "    finally:\n        import PACK.late\nf = lambda: 1\nif f:\n    pass\nelse:\n    import PACK.named\n"
        "match 1:\n    case 1:\n        import PACK.near\n"
        "async def g():\n    async with f:\n        import PACK.dunder\n"
    )
    (tmp_path / pack / "experiment.py").write_text(source.replace("PACK", pack))
    found = digest_sources(f"{pack}.experiment")
    assert {f"{pack}/{name}.py" for name in ("up", "late", "named", "near", "dunder")} <= found.keys()


def test_nothing_is_imported_to_find_out(pack: str, tmp_path: Path) -> None:
    trap = tmp_path / pack / "parts" / "__init__.py"
    trap.write_text(f"open({str(tmp_path / 'trace')!r}, 'w')\n")
    assert f"{pack}/parts/deep.py" in digest_sources(f"{pack}.experiment")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("folder", ["site-packages", "dist-packages"])
def test_installed_packages_do_not_count(
    pack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    library = tmp_path / folder
    library.mkdir()
    (library / f"lib_{pack}.py").write_text("")
    monkeypatch.syspath_prepend(str(library))
    (tmp_path / pack / "late.py").write_text(f"import lib_{pack}\n")
    assert f"lib_{pack}.py" not in digest_sources(f"{pack}.experiment")
    assert set(digest_sources(f"lib_{pack}")) == {f"lib_{pack}.py"}, "an experiment counts wherever it lies"
    assert folder_of(f"lib_{pack}") is None


def test_what_is_not_there_has_no_sources() -> None:
    assert digest_sources("no.such.module") == digest_sources("no_such_file.py") == {}
    assert folder_of("no_such_file.py") is None


def test_the_folder_is_that_of_the_experiment(pack: str, tmp_path: Path) -> None:
    assert folder_of(f"{pack}.experiment") == tmp_path / pack


def test_many_files_are_counted_in_a_message() -> None:
    assert list_files([f"{letter}.py (new)" for letter in "abcdefg"]).endswith("e.py (new) and 2 more")
