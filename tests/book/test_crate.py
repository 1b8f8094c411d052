"""The crate describes the checkout as it is, and nothing in it points nowhere."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import book.__main__
from book.site import crate
from qsp_lib.chapters import notebooks, results
from qsp_lib.common.errors import InputError
from qsp_lib.protocol.lock import current_record

ROOT = Path(__file__).resolve().parents[2]
RECORD = current_record()


@pytest.fixture(scope="module")
def graph() -> dict[str, Any]:
    content = json.loads(crate.metadata(ROOT, RECORD))
    ids = [entity["@id"] for entity in content["@graph"]]
    assert len(ids) == len(set(ids))
    return {entity["@id"]: entity for entity in content["@graph"]}


def pointers(value: Any) -> Iterator[str]:
    """Every ``{"@id": ...}`` within an entity."""
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        for item in value.values():
            yield from pointers(item)
    elif isinstance(value, list):
        for item in value:
            yield from pointers(item)


def of_type(graph: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [one for one in graph.values() if name in (one["@type"], *one["@type"])]


def test_the_committed_crate_is_current() -> None:
    found = (ROOT / crate.CRATE).read_text(encoding="utf-8")
    assert found == crate.metadata(ROOT, RECORD), "run python -m book metadata"


def test_the_same_files_give_the_same_bytes_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    first = crate.metadata(ROOT, RECORD)
    monkeypatch.setattr("rocrate.model.root_dataset.iso_now", lambda: "2001-01-01T00:00:00")
    assert crate.metadata(ROOT, RECORD) == first
    drawn = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    assert not drawn.search(first)
    assert json.loads(first)["@graph"][0]["datePublished"] == RECORD.date


def test_every_hash_and_size_is_that_of_the_file(graph: dict[str, Any]) -> None:
    hashed = [one for one in of_type(graph, "File") if "sha256" in one]
    for one in hashed:
        data = (ROOT / one["@id"]).read_bytes()
        assert one["sha256"] == hashlib.sha256(data).hexdigest()
        assert one["contentSize"] == str(len(data))
    assert len(hashed) > 50


def test_every_file_of_data_every_chapter_and_every_export_is_in_it(graph: dict[str, Any]) -> None:
    for folder in ("qsp_lib/data", "notebooks", "results", "exports"):
        for path in (ROOT / folder).rglob("*"):
            name = path.relative_to(ROOT).as_posix()
            passing = any(part[0] == "." or part == "__pycache__" for part in name.split("/"))
            if path.is_file() and not passing:
                assert "sha256" in graph[name], name


def test_everything_that_is_pointed_at_is_there(graph: dict[str, Any]) -> None:
    outside = {crate.VERSION, "http://schema.org/CompletedActionStatus"}
    aims = {aim for one in graph.values() for aim in pointers(one)}
    assert aims <= set(graph) | outside
    for name in graph:
        if not name.startswith(("#", "http")) and name != crate.CRATE:
            assert (ROOT / name).exists(), name


def test_the_crate_holds_no_hash_of_itself_and_no_file_holds_its(graph: dict[str, Any]) -> None:
    assert "sha256" not in graph[crate.CRATE]
    manifest = (ROOT / "exports" / "manifest.json").read_text(encoding="utf-8")
    assert crate.CRATE not in manifest


def test_every_file_has_a_licence_that_is_described(graph: dict[str, Any]) -> None:
    for one in of_type(graph, "File"):
        for licence in pointers(one["license"]):
            assert graph[licence]["name"]
    assert list(pointers(graph["LICENSE"]["license"])) == ["https://spdx.org/licenses/MIT"]
    data = graph["qsp_lib/data/observations.csv"]
    assert list(pointers(data["license"])) == ["https://spdx.org/licenses/CC0-1.0"]


def test_every_chapter_is_an_action_with_its_parameters(graph: dict[str, Any]) -> None:
    actions = {one["@id"]: one for one in of_type(graph, "CreateAction")}
    assert set(pointers(graph["./"]["mentions"])) == set(actions)
    for name in notebooks.chapter_names():
        action, made = actions[f"#run-{name}"], results.load(name)
        assert list(pointers(action["instrument"])) == [f"notebooks/{name}.ipynb"]
        assert list(pointers(action["result"])) == [f"results/{name}.json"]
        read = set(pointers(action["object"]))
        lock = f"qsp_lib/data/locks/lock-{RECORD.version}.json"
        assert "qsp_lib/data/" in read
        assert (lock in read) == bool(made.lock)
        given = {graph[aim]["name"]: graph[aim]["value"] for aim in read if aim.startswith("#")}
        assert set(given) == set(made.parameters)
        for key, value in made.parameters.items():
            assert given[key] == (json.dumps(value) if isinstance(value, list) else value)


@pytest.mark.thorough
def test_a_changed_file_changes_the_crate(tmp_path: Path) -> None:
    names = crate.listed(ROOT)
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    assert crate.metadata(tmp_path, RECORD) == crate.metadata(ROOT, RECORD)
    with (tmp_path / "results" / "04_rescue.json").open("a") as stream:
        stream.write("\n")
    crate.write(tmp_path, RECORD)
    one, other = (
        json.loads(text)["@graph"]
        for text in (crate.metadata(ROOT, RECORD), (tmp_path / crate.CRATE).read_text("utf-8"))
    )
    changed = [a["@id"] for a, b in zip(one, other, strict=True) if a != b]
    assert changed == ["results/04_rescue.json"]


@pytest.mark.thorough
def test_the_command_renews_the_crate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in crate.listed(ROOT):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    monkeypatch.setattr(book.__main__, "ROOT", tmp_path)
    assert book.__main__.main(["metadata"]) == 0
    assert capsys.readouterr().out == f"wrote {crate.CRATE}\n"
    found = (tmp_path / crate.CRATE).read_text(encoding="utf-8")
    assert found == crate.metadata(tmp_path, RECORD)


def test_what_cannot_be_described_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a whole checkout"):
        crate.metadata(tmp_path, RECORD)
    for name in crate.listed(ROOT):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "exports" / "model.xyz").write_text("?", encoding="utf-8")
    with pytest.raises(InputError, match="exports/model.xyz is of no known format"):
        crate.metadata(tmp_path, RECORD)


def test_a_description_that_is_spoilt_is_refused(tmp_path: Path) -> None:
    for name in crate.listed(ROOT):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / crate.CODEMETA).write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="codemeta.json is no JSON .* mend it by hand"):
        crate.metadata(tmp_path, RECORD)
