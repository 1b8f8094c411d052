"""What the parameters of each chapter may be; their values stand in the notebooks."""

from typing import Annotated

from qsp_lib.chapters import Field, Parameters

Seed = Annotated[int, Field(ge=0, le=4294967295)]
Workers = Annotated[int, Field(ge=1, le=64)]


class Calibration(Parameters):
    n_starts: Annotated[int, Field(ge=16, le=256)]
    n_starts_without: Annotated[int, Field(ge=2, le=256)]
    seed: Seed
    workers: Workers


class Locking(Parameters):
    n_draws: Annotated[int, Field(ge=50, le=1000)]
    n_doses: Annotated[int, Field(ge=9, le=100)]


class BlindPrediction(Parameters):
    n_draws: Annotated[int, Field(ge=100, le=4000)]


class Rescue(Parameters):
    tocilizumab_h: Annotated[float, Field(ge=-24, le=48)]
    n_draws: Annotated[int, Field(ge=50, le=4000)]
    sweep_points: Annotated[int, Field(ge=9, le=200)]


class SwapTest(Parameters):
    n_draws: Annotated[int, Field(ge=50, le=4000)]
    fraction_points: Annotated[int, Field(ge=5, le=401)]


class Robustness(Parameters):
    n_draws: Annotated[int, Field(ge=100, le=200000)]
    seed: Seed
    width: Annotated[float, Field(ge=1.01, le=100)]
    band: Annotated[float, Field(ge=1.01, le=1000)]
    widths: list[Annotated[float, Field(ge=1.01, le=100)]]
    bands: list[Annotated[float, Field(ge=1.01, le=1000)]]
    ties: list[Annotated[float, Field(ge=0, le=1)]]
    width_draws: Annotated[int, Field(ge=100, le=200000)]
    control_draws: Annotated[int, Field(ge=100, le=200000)]
    map_points: Annotated[int, Field(ge=2, le=300)]
    map_factor: Annotated[float, Field(ge=1.01, le=100)]
    map_widened: Annotated[float, Field(ge=1.01, le=1000)]
    search_up_to: Annotated[float, Field(ge=1.01, le=1000)]
    workers: Annotated[int, Field(ge=1, le=256)]


class Identifiability(Parameters):
    all_profiles: bool
    workers: Workers


class DoseResponse(Parameters):
    n_doses: Annotated[int, Field(ge=60, le=2000)]
    lowest: Annotated[float, Field(ge=1e-12, le=0.1)]
    highest: Annotated[float, Field(ge=100, le=1e8)]
    k_hook: list[Annotated[float, Field(ge=1, le=1e9)]]
    n_draws: Annotated[int, Field(ge=20, le=4000)]
    workers: Workers


class Population(Parameters):
    n_draws: Annotated[int, Field(ge=4, le=2000)]
    n_patients: Annotated[int, Field(ge=20, le=100000)]
    n_again: Annotated[int, Field(ge=10, le=10000)]
    least_effective: Annotated[float, Field(ge=1, le=1000)]
    log2_base: Annotated[int, Field(ge=5, le=14)]
    seed: Seed
    workers: Workers


class Dosing(Parameters):
    n_draws: Annotated[int, Field(ge=20, le=2000)]
    n_varied: Annotated[int, Field(ge=4, le=20)]
    n_people_draws: Annotated[int, Field(ge=4, le=2000)]
    n_patients: Annotated[int, Field(ge=20, le=100000)]
    least_effective: Annotated[float, Field(ge=1, le=1000)]
    first_doses: list[Annotated[float, Field(ge=0.01, le=1000)]]
    step_days: list[Annotated[float, Field(ge=0.1, le=21)]]
    missed_days: list[Annotated[float, Field(ge=0.1, le=28)]]
    cover_h: list[Annotated[float, Field(ge=-168, le=160)]]
    seed: Seed
    workers: Workers


CHAPTERS = {
    "01_calibration": Calibration,
    "02_locking": Locking,
    "03_blind_prediction": BlindPrediction,
    "04_rescue": Rescue,
    "05_swap_test": SwapTest,
    "06_robustness": Robustness,
    "07_identifiability": Identifiability,
    "08_dose_response": DoseResponse,
    "09_population": Population,
    "10_dosing": Dosing,
}
