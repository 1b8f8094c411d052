"""Checkpoints that were damaged, or made to run something."""

from __future__ import annotations

import hashlib
import io
import pickle
import random
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from hostile import mutants, refused

from qsp_lib.inference.checkpoint import MANIFEST, Checkpoint, identify


def double(row: np.ndarray) -> float:
    """What the made-up sweep computes."""
    return float(2 * row[0])


INPUTS = np.arange(12.0).reshape(6, 2)


@cache
def identity() -> dict[str, Any]:
    """Of the made-up sweep, with the digest of all code, which takes a second."""
    return identify(double, INPUTS)


def made(folder: Path) -> Path:
    """A checkpoint with two finished segments."""
    checkpoint = Checkpoint.open(folder, identity())
    checkpoint.add(0, 3, 2 * INPUTS[:3, 0])
    checkpoint.add(3, 6, 2 * INPUTS[3:, 0])
    return folder


def read(folder: Path) -> list[tuple[int, int, np.ndarray]]:
    return list(Checkpoint.open(folder, identity()).finished())


def test_a_spoilt_manifest_is_refused(tmp_path: Path) -> None:
    folder = made(tmp_path / "c")
    manifest = folder / MANIFEST
    count = 0
    for mutant in mutants(manifest.read_text(encoding="utf-8"), 150, 12):
        manifest.write_bytes(mutant.encode("utf-8", "surrogatepass"))
        count += refused(lambda: read(folder))
    assert count >= 80


def test_spoilt_rows_are_refused_or_absent(tmp_path: Path) -> None:
    dice, count = random.Random(13), 0
    for i in range(120):
        folder = made(tmp_path / f"c{i}")
        path = dice.choice(sorted(folder.glob("rows-*.npy")))
        data = bytearray(path.read_bytes())
        kind = dice.randrange(4)
        if kind == 0:
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        elif kind == 1:
            data = data[: dice.randrange(len(data))]
        elif kind == 2:
            data = bytearray(dice.randbytes(50))
        if kind < 3:
            path.write_bytes(bytes(data))
        else:
            path.rename(folder / path.name.replace("0000", "0009", 1))
        count += refused(lambda folder=folder: read(folder))
        shutil.rmtree(folder)
    assert count >= 115


def signed(folder: Path, data: bytes) -> None:
    """Put bytes in the place of the second segment, under the name that is right for them."""
    for path in folder.glob("rows-000000003-*.npy"):
        path.unlink()
    name = Checkpoint(folder, identity())._name(3, 6, data)
    (folder / name).write_bytes(data)


def saved(values: np.ndarray, **options: bool) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, **options)
    return buffer.getvalue()


def test_bytes_that_are_signed_and_no_array_are_refused(tmp_path: Path) -> None:
    dice = random.Random(14)
    whole = saved(np.arange(3.0))
    folder = made(tmp_path / "c")
    signed(folder, whole)
    assert [len(values) for _, _, values in read(folder)] == [3, 3]
    for i in range(60):
        folder = made(tmp_path / f"c{i}")
        data = whole[: dice.randrange(len(whole))] if i % 2 else dice.randbytes(40)
        signed(folder, data)
        assert refused(lambda folder=folder: read(folder))


def test_an_archive_of_arrays_is_no_file_of_rows(tmp_path: Path) -> None:
    folder = made(tmp_path / "c")
    buffer = io.BytesIO()
    np.savez(buffer, rows=np.arange(3.0))
    signed(folder, buffer.getvalue())
    assert refused(lambda: read(folder))


def test_a_changed_number_is_refused_whatever_hash_of_the_bytes_is_in_the_name(
    tmp_path: Path,
) -> None:
    for name in ("sha256", "sha1", "md5"):
        folder = made(tmp_path / name)
        (path,) = folder.glob("rows-000000003-*.npy")
        path.unlink()
        data = saved(np.array([6.0, 8.0, 11.0]))
        digest = hashlib.new(name, data, usedforsecurity=False).hexdigest()[:32]
        (folder / f"{path.stem[:-32]}{digest}.npy").write_bytes(data)
        assert refused(lambda folder=folder: read(folder))


class Payload:
    """Leaves a file behind if it is ever unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


def test_a_pickle_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    owned = tmp_path / "owned"
    folder = made(tmp_path / "c")
    signed(folder, saved(np.array([Payload(owned), 1, 2], dtype=object), allow_pickle=True))
    assert refused(lambda: read(folder))
    folder = made(tmp_path / "d")
    signed(folder, pickle.dumps(Payload(owned)))
    assert refused(lambda: read(folder))
    assert not owned.exists()
