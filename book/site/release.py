"""What a release attaches: the wheel, the site and the printed book of one version."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from qsp_lib import __version__
from qsp_lib.chapters import ROOT
from qsp_lib.common import InputError

TAG = "GITHUB_REF_NAME"
"""Environment variable that names the tag, where a release is made for one."""
SUMS = "SHA256SUMS"


def make(build: Path, root: Path = ROOT) -> Path:
    """Put wheel, site, PDF and their hashes into ``release`` in the build; uploads nothing.

    Args:
        build: with the site in ``html`` and the PDF as ``book.pdf``.
        root: of the checkout that the wheel is made of.

    Raises:
        InputError: no site or PDF was built, the wheel cannot be made, or the tag that the
            environment names is not this version's.
    """
    require_tag(os.environ.get(TAG, ""), (root / "CHANGELOG.md").read_text(encoding="utf-8"))
    site, pdf = build / "html", build / "book.pdf"
    for made, by in ((site / "index.html", "make book"), (pdf, "make pdf")):
        if not made.is_file():
            raise InputError(f"{made} is not there; make it first: {by}.")
    target = build / "release"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    _wheel(root, target)
    shutil.make_archive(str(target / f"qsp-crs-{__version__}-site"), "zip", site)
    shutil.copy(pdf, target / f"qsp-crs-{__version__}.pdf")
    files = sorted(target.iterdir())
    lines = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)
    (target / SUMS).write_text("".join(lines), encoding="utf-8")
    return target


def require_tag(tag: str, changelog: str) -> None:
    """Raise unless a tag such as ``v0.2.0`` is of this version, which the changelog tells of.

    A name that does not begin like one, such as a branch's or none, is no tag: a rehearsal.

    Raises:
        InputError: another version, or one without a section of the changelog.
    """
    if not re.fullmatch(r"v\d.*", tag):
        return
    if tag != f"v{__version__}":
        raise InputError(f"The tag {tag} was given; expected v{__version__}, the package's own.")
    if f"## [{__version__}]" not in changelog:
        raise InputError(
            f"CHANGELOG.md has no section [{__version__}]; name what is under [Unreleased] so."
        )


def _wheel(root: Path, target: Path) -> None:
    command = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", target)
    words = [sys.executable, *map(str, command), str(root)]
    made = subprocess.run(words, capture_output=True, text=True, check=False)
    if made.returncode:
        raise InputError(f"The wheel could not be made:\n{made.stderr.strip()}")
