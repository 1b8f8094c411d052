"""The crate by roc-validator and rocrate: valid RO-Crate 1.1, valid Process Run Crate 0.5."""

from __future__ import annotations

import io
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from rocrate.rocrate import ROCrate
from rocrate_validator import services
from urllib3 import HTTPResponse

from book.site import crate
from qsp_lib.chapters import notebooks

pytestmark = pytest.mark.interop
ROOT = Path(__file__).resolve().parents[2]
WITHOUT_A_PUBLIC_ADDRESS = (
    "The Application SHOULD have a url",
    "The SoftwareApplication id SHOULD be an absolute URI",
)
WITHOUT_A_CLOCK = ("The Action SHOULD have an endTime in ISO 8601 format",)


class _Bundled(HTTPAdapter):
    """Answers with the context that the rocrate package brings along."""

    def send(self, request: PreparedRequest, *given: Any, **more: Any) -> Response:
        body = files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()
        headers = {"Content-Type": "application/ld+json"}
        stream = io.BytesIO(body)
        raw = HTTPResponse(stream, headers, 200, preload_content=False, request_url=request.url)
        return self.build_response(request, raw)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The validator's store of what it would fetch: the context, and nothing else."""
    path = tmp_path_factory.mktemp("http") / "cache"
    with CachedSession(str(path), backend="sqlite") as session:
        session.mount("https://", _Bundled())
        assert session.get(f"{crate.VERSION}/context").ok
    return path


def complaints(root: Path, profile: str, cache: Path) -> set[str]:
    settings = services.ValidationSettings(
        rocrate_uri=str(root),
        profile_identifier=profile,
        requirement_severity="RECOMMENDED",
        offline=True,
        cache_path=str(cache),
    )
    return {str(issue.message) for issue in services.validate(settings).get_issues()}


def test_the_crate_is_valid_down_to_what_is_only_recommended(cache: Path, tmp_path: Path) -> None:
    # the validator takes the path for an address and stumbles over a space in it
    root = tmp_path / "checkout"
    root.symlink_to(ROOT)
    assert complaints(root, "ro-crate-1.1", cache) == set()
    # the same bytes twice: no time of execution; and the repository's address is its reader's
    allowed = {*WITHOUT_A_PUBLIC_ADDRESS, *WITHOUT_A_CLOCK}
    assert complaints(root, "process-run-crate-0.5", cache) == allowed


def test_a_spoilt_crate_is_not(cache: Path, tmp_path: Path) -> None:
    text = (ROOT / crate.CRATE).read_text(encoding="utf-8")
    assert '"datePublished"' in text and '"instrument"' in text
    spoilt = text.replace('"datePublished"', '"dateCreated"').replace('"instrument"', '"about"')
    (tmp_path / crate.CRATE).write_text(spoilt, encoding="utf-8")
    assert any("datePublished" in line for line in complaints(tmp_path, "ro-crate-1.1", cache))
    found = complaints(tmp_path, "process-run-crate-0.5", cache)
    assert any("instrument" in line for line in found)


def test_rocrate_reads_it() -> None:
    read = ROCrate(str(ROOT))
    assert read.name == "One cytokine network, three drugs: an open test of a published claim"
    assert read.get("notebooks/01_calibration.ipynb")["programmingLanguage"]["name"] == "Python"
    runs = [one for one in read.root_dataset["mentions"] if one.id.startswith("#run-")]
    assert len(runs) == len(notebooks.chapter_names())
    for run in runs:
        assert (ROOT / run["result"].id).is_file()
