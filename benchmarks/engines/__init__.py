"""One module for each way to simulate the ensemble, imported only by the process that uses it."""

from __future__ import annotations

from importlib import import_module

from .contract import Engine

MODULES = {
    "qsp_lib": "ours:Ours",
    "qsp_lib_fast": "ours:Fast",
    "cyrk_loop": "cyrk:InALoop",
    "cyrk_python": "cyrk:FromPython",
    "roadrunner": "roadrunner:RoadRunner",
    "heyoka": "heyoka:Heyoka",
    "casadi": "casadi:CasADi",
    "scipy_batch": "scipy:Batch",
    "odeint": "scipy:Odeint",
    "solve_ivp": "scipy:SolveIvp",
}
"""Name of an engine, and where its class is."""


def engine(name: str) -> Engine:
    """An engine that has not loaded anything yet.

    Raises:
        ImportError: a package that it needs is not installed.
    """
    module, owner = MODULES[name].split(":")
    made: Engine = getattr(import_module(f".{module}", __package__), owner)()
    return made
