"""Other machines, as far as this one can play them: variables of the environment, as data."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NOISE = {"QSP_PORTABLE_NOISE": "1e-11"}
"""What makes ``hook`` disturb the simulations."""


@dataclass(frozen=True)
class Setting:
    """One way in which a machine can be another.

    Attributes:
        name: in words.
        environment: the variables that make it so.
        witness: the fact of :mod:`portable.facts` that changes where it takes effect.
    """

    name: str
    environment: Mapping[str, str]
    witness: str


HOME = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
}
"""What everything is compared with; processor and libraries are this machine's own."""

# the kernels of OpenBLAS for x86-64, the oldest first, and two for ARM
KERNELS = (
    "Prescott",
    "Nehalem",
    "Sandybridge",
    "Haswell",
    "SkylakeX",
    "Cooperlake",
    "Sapphirerapids",
    "ARMV8",
    "NEOVERSEN1",
)
_WITHOUT = "AVX2 AVX2_Usable AVX2_Fast_Unaligned_Load FMA FMA_Usable FMA4 FMA4_Usable AVX512F"


def numpy_loops() -> str:
    """Every faster set of loops that NumPy has for this processor, to be switched off."""
    return " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", []))


SETTINGS = (
    *(Setting(f"BLAS of {kernel}", {"OPENBLAS_CORETYPE": kernel}, "blas") for kernel in KERNELS),
    *(
        Setting(
            f"{n} threads", {"OPENBLAS_NUM_THREADS": str(n), "OMP_NUM_THREADS": str(n)}, "threads"
        )
        for n in (2, 3)
    ),
    Setting(
        "libm without AVX2 and FMA",
        {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=" + ",".join(f"-{name}" for name in _WITHOUT.split())},
        "libm",
    ),
    Setting("NumPy's plainest loops", {"NPY_DISABLE_CPU_FEATURES": numpy_loops()}, "loops"),
    Setting("another hash seed", {"PYTHONHASHSEED": "12345"}, "hash"),
    Setting("the C locale", {"LC_ALL": "C"}, "locale"),
    Setting("a decimal comma", {"LC_ALL": "de_DE.UTF-8"}, "locale"),
    Setting("Kathmandu's time", {"TZ": "NPT-05:45"}, "time_zone"),
)


def environment(setting: Mapping[str, str], root: Path = ROOT) -> dict[str, str]:
    """The variables of a process under a setting, for a checkout at ``root``.

    What the settings speak of is set by them alone, whatever this process has been given.
    """
    spoken_of = {name for one in SETTINGS for name in one.environment} | set(NOISE)
    kept = {name: value for name, value in os.environ.items() if name not in spoken_of}
    path = os.pathsep.join(str(p) for p in (HERE / "hook", HERE.parent, root))
    return kept | HOME | dict(setting) | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def _run(
    module: str, arguments: Sequence[str], setting: Mapping[str, str], root: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=root,
        env=environment(setting, root),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


def run_module(
    module: str, *arguments: str, setting: Mapping[str, str] = HOME, root: Path = ROOT
) -> str:
    """What a module prints when it is run under a setting; the package is the one at ``root``."""
    done = _run(module, arguments, setting, root)
    assert done.returncode == 0, f"{module} failed under {dict(setting)}:\n{done.stderr[-4000:]}"
    return done.stdout


@functools.cache
def facts_under(name: str) -> Mapping[str, Any]:
    """The facts of a process under a setting by its name; under none, those of home.

    There are none where the processor has not the instructions that the setting makes it use.
    """
    environment_of = {one.name: one.environment for one in SETTINGS}
    done = _run("portable.facts", (), environment_of.get(name, {}), ROOT)
    if done.returncode == -signal.SIGILL:
        return {}
    assert done.returncode == 0, f"{name or 'home'} gives no facts:\n{done.stderr[-4000:]}"
    return json.loads(done.stdout)


def takes_effect(setting: Setting) -> bool:
    """Whether the setting changes anything on this machine, and can be executed by it."""
    facts = facts_under(setting.name)
    return bool(facts) and facts[setting.witness] != facts_under("")[setting.witness]


@functools.cache
def elsewhere() -> Mapping[str, str]:
    """One machine that differs in everything that takes effect, the first choice of each."""
    variables: dict[str, str] = {}
    for setting in SETTINGS:
        if takes_effect(setting):
            variables = dict(setting.environment) | variables
    return variables
