"""Drug files: the shipped numbers, how a protocol becomes doses, and what is refused."""

from __future__ import annotations

import math
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsp_lib.common.errors import EvidenceError, InputError
from qsp_lib.common.inputs import VERSIONS, input_file
from qsp_lib.drugs.co_medications import load_tocilizumab
from qsp_lib.drugs.files import DrugFile, RescueFile, SourcedValue
from qsp_lib.drugs.reading import load_drug, shipped_drugs
from qsp_lib.evidence.row import DECLARED, EvidenceRow
from qsp_lib.evidence.tables import load_tables
from qsp_lib.evidence.units import same_kind
from qsp_lib.model.dosing import Bolus, Infusion
from qsp_lib.model.priors import Prior

DATA = files("qsp_lib") / "data"
EXAMPLE = (DATA / "drugs" / "okt3.toml").read_text()
BISPECIFIC = (DATA / "drugs" / "blinatumomab.toml").read_text()
RATES = {"k_act", "k_exh", "k_kill", "k_rec"}


def file_of(name: str, inputs: str) -> DrugFile | RescueFile:
    """A drug's file, or the rescue's."""
    if name == "tocilizumab":
        return load_tocilizumab(inputs=inputs)
    return load_drug(name, inputs=inputs)


def every_file() -> list[tuple[str, str]]:
    """Every version of the inputs with every drug that it ships, and the rescue."""
    return [(v, name) for v in VERSIONS for name in (*shipped_drugs(v), "tocilizumab")]


@pytest.fixture
def own(tmp_path):
    """Load a drug file made of a shipped one with some text replaced."""

    def load(*changes: tuple[str, str], text: str = EXAMPLE):
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "own.toml"
        path.write_text(text)
        return load_drug(path)

    return load


# ------------------------------------------------------------- the shipped numbers


def test_the_folders_hold_the_shipped_drugs_the_rescue_and_the_steroid():
    def held(folder):
        return {path.name for path in folder.iterdir() if path.name.endswith(".toml")}

    shared, own = held(DATA / "drugs"), held(DATA / "v2" / "drugs")
    co_medications = ("tocilizumab", "dexamethasone")
    assert shared == {f"{name}.toml" for name in (*shipped_drugs("v1"), *co_medications)}
    assert own == {f"{name}.toml" for name in (*shipped_drugs("v2"), "tocilizumab")}


@pytest.mark.parametrize("inputs", VERSIONS)
def test_one_drug_calibrates_one_develops_and_all_others_are_blind(inputs):
    roles = [load_drug(name, inputs=inputs).inputs.role for name in shipped_drugs(inputs)]
    assert roles == ["calibration", "development"] + ["blind"] * (len(roles) - 2)


@pytest.mark.parametrize("inputs", VERSIONS)
def test_blinatumomab(inputs):
    drug, rows = load_drug("blinatumomab", inputs=inputs), load_tables()
    given = drug.inputs
    assert given.mechanism == "bispecific"
    assert (given.V1, given.CL) == (rows["PK002"].value, rows["PK001"].value) == (5.98, 2.22)
    assert (given.V2, given.Q) == (1.0, 0.0)
    assert (given.EC50, given.h, given.K_hook) == (0.1, 1.0, 5400.0)
    assert (given.k_exh, given.k_kill) == (0.2, 2.0)
    assert given.bsa_m2 == 1.88
    assert (drug.sources["K_hook"].low, drug.sources["K_hook"].high) == (540, 54000)
    # terminal half-life of one compartment: ln 2 x 5.98 / 2.22 = 1.87 h, "about 1.9 h"
    assert math.log(2) * given.V1 / given.CL == pytest.approx(1.87, abs=0.005)


def test_targets_limit_the_engagement_of_version_2_and_the_first_dose_is_driven_as_before():
    one, two = (load_drug("blinatumomab", inputs=inputs) for inputs in VERSIONS)
    assert one.inputs.k_act == 0.1 and one.inputs.K_B is None
    assert two.inputs.K_B == load_tables()["XI023"].value
    # at the targets of the average patient, B = 1, engagement is 1/(1 + K_B) of version 1's
    assert two.inputs.k_act / (1 + two.inputs.K_B) == pytest.approx(one.inputs.k_act, rel=0.02)


@pytest.mark.parametrize("inputs", VERSIONS)
def test_the_blinatumomab_regimens_in_micrograms(inputs):
    regimens = load_drug("blinatumomab", inputs=inputs).regimens
    of_v2 = {"stepped", "flat_5"} if inputs == "v2" else set()
    assert set(regimens) == {"clinical", "step", "flat_15"} | of_v2
    (flat,) = regimens["clinical"].doses
    assert flat.duration_h == 28 * 24
    assert flat.rate_ug_per_h == pytest.approx(60 * 1.88 / 24, rel=1e-14)
    low, high = regimens["step"].doses
    assert (low.start_h, low.end_h, low.amount_ug) == (0, 168, 63)
    assert (high.start_h, high.end_h, high.amount_ug) == (168, 672, 588)
    assert regimens["flat_15"].total_ug == pytest.approx(15 * 1.88 * 28, rel=1e-14)


def test_the_regimens_that_version_2_adds():
    regimens = load_drug("blinatumomab", inputs="v2").regimens
    steps = regimens["stepped"].doses
    assert [(dose.start_h, dose.end_h) for dose in steps] == [(0, 168), (168, 336), (336, 672)]
    rates = [dose.rate_ug_per_h * 24 / 1.88 for dose in steps]
    assert rates == pytest.approx([5, 15, 60], rel=1e-14)
    assert regimens["flat_5"].total_ug == pytest.approx(5 * 1.88 * 28, rel=1e-14)
    (slow,) = load_drug("tgn1412", inputs="v2").regimens["low_dose_trial"].doses
    rows = load_tables()
    assert slow.amount_ug / 72 == pytest.approx(rows["PK035"].high, rel=1e-14)
    assert rows["EA023"].low < slow.duration_h == 8 < rows["EA023"].high


@pytest.mark.parametrize("inputs", VERSIONS)
def test_the_flat_regimen_gives_the_published_steady_state(inputs):
    # PK020: 2,117 pg/mL at 60 ug/m2/d with the population clearance and 1.88 m2
    drug = load_drug("blinatumomab", inputs=inputs)
    level = drug.regimens["clinical"].doses[0].rate_ug_per_h / drug.inputs.CL * 1000
    assert level == pytest.approx(load_tables()["PK020"].low, rel=1e-3)


@pytest.mark.parametrize("inputs", VERSIONS)
def test_tgn1412(inputs):
    drug = load_drug("tgn1412", inputs=inputs)
    given = drug.inputs
    assert (given.V1, given.CL, given.V2, given.Q) == (3.2, 0.02, 2.0, 0.05)
    assert (given.EC50, given.K_hook, given.k_kill) == (450.0, math.inf, 0.0)
    assert (given.k_act, given.k_exh) == (0.5, 0.06)
    (dose,) = drug.regimens["clinical"].doses
    assert dose == Infusion(0.0, 0.075, 7200.0)  # 0.1 mg/kg x 72 kg, 4.5 min


def test_the_potency_of_tgn1412_is_about_its_affinity_and_is_estimated_in_version_2():
    one, two = (load_drug("tgn1412", inputs=inputs) for inputs in VERSIONS)
    low, high, kDa = (load_tables()[name].number() for name in ("PK031", "PK032", "PK033"))
    assert low * kDa < one.inputs.EC50 == two.inputs.EC50 == 450.0 < high * kDa
    assert two.priors["EC50"] == Prior(450.0, 0.3, "estimated") and "EC50" not in one.priors


def test_the_steepness_of_tgn1412_lies_between_two_that_would_silence_the_low_dose():
    one, two = (load_drug("tgn1412", inputs=inputs) for inputs in VERSIONS)
    rows = load_tables()
    assert rows["ST010"].value < two.inputs.h == 4 < rows["ST011"].value
    assert two.priors["h"] == Prior(4.0, 0.3, "estimated")
    assert one.inputs.h == 1 and "h" not in one.priors


@pytest.mark.parametrize("inputs", VERSIONS)
def test_the_tgn1412_disposition_has_the_half_life_it_claims(inputs):
    i = load_drug("tgn1412", inputs=inputs).inputs
    k10, k12, k21 = i.CL / i.V1, i.Q / i.V1, i.Q / i.V2
    s = k10 + k12 + k21
    terminal = (s - math.sqrt(s * s - 4 * k10 * k21)) / 2
    days = math.log(2) / terminal / 24
    assert days == pytest.approx(load_tables()["PK027"].number(), rel=0.1)


@pytest.mark.parametrize("inputs", VERSIONS)
def test_okt3(inputs):
    drug = load_drug("okt3", inputs=inputs)
    given = drug.inputs
    assert (given.V1, given.V2, given.Q) == (3.5, 1.0, 0.0)
    assert math.log(2) * given.V1 / given.CL == pytest.approx(18.0, rel=1e-15)
    assert (given.h, given.k_exh) == (1.0, 0.7)
    assert drug.priors["k_exh"] == Prior(0.7, 0.28, "assumed")
    assert drug.regimens["clinical"].doses == tuple(Bolus(24.0 * n, 5000.0) for n in range(10))
    assert drug.regimens["double"].total_ug == 100_000.0


def test_the_potency_of_okt3_is_of_its_mitogenic_optimum():
    one, two = (load_drug("okt3", inputs=inputs) for inputs in VERSIONS)
    row = load_tables()["OI012"]
    assert one.inputs.EC50 == row.low == 10.0
    # the middle of the range, in log concentration
    assert two.inputs.EC50 == pytest.approx(math.sqrt(row.low * row.high), rel=0.02)
    assert two.priors["EC50"] == Prior(14.0, 0.09, "assumed")
    # and the range is about the 95 % of its prior
    assert 1.96 * 0.09 == pytest.approx(math.log10(row.high / row.low) / 2, rel=0.2)


@pytest.mark.parametrize("inputs", VERSIONS)
def test_the_activation_rate_of_okt3_is_that_of_tgn1412_and_says_so(inputs):
    drug, other = (load_drug(name, inputs=inputs) for name in ("okt3", "tgn1412"))
    assert dict(drug.same_as) == {"k_act": "tgn1412"}
    assert drug.inputs.k_act == other.inputs.k_act
    assert drug.priors["k_act"] == other.priors["k_act"]
    assert drug.sources["k_act"].same_as == "tgn1412"
    assert drug.sources["k_act"].source == (DECLARED,)
    # in version 2 it is the rate of a draw times a factor about 1
    assert drug.same_as_log10_sd == ({} if inputs == "v1" else {"k_act": 0.3})


@pytest.mark.parametrize("inputs", VERSIONS)
def test_okt3_trough_is_near_the_published_check(inputs):
    # one compartment, repeated bolus: trough = D/V r/(1-r), r = 2^(-24/18)
    i = load_drug("okt3", inputs=inputs).inputs
    r = math.exp(-i.CL / i.V1 * 24)
    trough = 5000 / i.V1 * r / (1 - r)
    row = load_tables()["OI003"]
    assert trough == pytest.approx(row.number(), abs=71)


def of_status(name: str, status: str, inputs: str) -> set[str]:
    """The numbers of a drug whose prior has a status."""
    return {k for k, p in load_drug(name, inputs=inputs).priors.items() if p.status == status}


def test_what_is_estimated_of_each_drug_in_version_1():
    estimated = {name: of_status(name, "estimated", "v1") for name in shipped_drugs("v1")}
    assert estimated == {
        "blinatumomab": {"k_act", "k_exh", "k_kill"},
        "tgn1412": {"k_act", "k_exh"},
        "okt3": {"k_act"},
    }
    for name in shipped_drugs("v1"):
        assert load_drug(name, inputs="v1").priors["k_rec"] == Prior(0.005, 0.3, "assumed")


def test_what_is_estimated_of_each_drug_in_version_2():
    estimated = {name: of_status(name, "estimated", "v2") for name in shipped_drugs("v2")}
    assert estimated["blinatumomab"] == RATES
    assert estimated["tgn1412"] == {"k_act", "k_exh", "k_rec", "EC50", "h"}
    # of a blind drug only what it takes over from a fitted one, and recovery, which is one for all
    assert estimated["okt3"] == {"k_act", "k_rec"}
    for name in shipped_drugs("v2")[3:]:
        assert estimated[name] == RATES == set(load_drug(name, inputs="v2").same_as)
    assert of_status("okt3", "assumed", "v2") == {"V1", "half_life", "EC50", "k_exh"}


def test_recovery_of_version_2_is_one_for_all_drugs_between_two_estimates_free_of_drug():
    rows = load_tables()
    (k_rec,) = {load_drug(name, inputs="v2").priors["k_rec"] for name in shipped_drugs("v2")}
    assert k_rec == Prior(0.009, 0.3, "estimated")
    ends = [rows[name].number() for name in ("ST025", "ST034")]
    assert k_rec.median == pytest.approx(math.sqrt(math.prod(ends)), rel=0.05)


def test_tocilizumab_in_hours_micrograms_and_ng_per_ml():
    rescue = load_tocilizumab()
    inputs = rescue.inputs
    assert (inputs.V1, inputs.V2) == (3.5, 2.9)
    assert inputs.CL == 0.0125  # 0.3 L/d
    assert abs(inputs.Q * 24 - 0.2) < 1e-15  # 0.2 L/d
    assert inputs.Vmax == 312.5  # 7.5 mg/d
    assert inputs.Km == 2700.0  # 2.7 ug/mL
    assert inputs.K_D == 375.92  # 2.54 nM x 148 kDa
    assert inputs.f_R == 0.7
    assert (rescue.sources["f_R"].low, rescue.sources["f_R"].high) == (0.5, 0.9)
    assert rescue.regimens["clinical"].doses == (Infusion(0.0, 1.0, 576_000.0),)


@pytest.mark.parametrize(("inputs", "name"), every_file())
def test_every_number_written_in_a_file_has_a_sound_source(inputs, name):
    evidence, file = load_tables(), file_of(name, inputs)
    content = tomllib.loads(input_file(f"drugs/{name}.toml", inputs).read_text(encoding="utf-8"))
    sections = [v for k, v in content.items() if k != "regimens" and isinstance(v, dict)]
    written = {key for section in sections for key, v in section.items() if isinstance(v, dict)}
    if "molar_mass" in content:
        written.add("molar_mass")
    table = written & {"table"}
    assert written - table == set(file.sources)
    sources = [quantity.source for quantity in file.sources.values()]
    sources += [tuple(file.table["source"]) for _ in table]
    for source in sources:
        rows = [evidence.row(s) for s in source if s != DECLARED]
        assert rows or DECLARED in source
        if not all(row.is_verified for row in rows):
            assert DECLARED in source
    assert set(file.regimen_sources) == set(file.regimens)


NEIGHBOURS = ("h", "EC50")
"""Numbers whose sources give a neighbouring quantity."""


def says(row: EvidenceRow, quantity: SourcedValue) -> bool:
    """Whether a row gives a number: as its value, or in its words, as a popPK row gives weight."""
    if same_kind(row.unit or "1", quantity.unit):
        return quantity.to(row.unit or "1") == row.value
    return f"{quantity.value:g} {quantity.unit}" in row.note


@pytest.mark.parametrize("inputs", VERSIONS)
def test_numbers_taken_from_a_row_are_that_rows_number(inputs):
    """A number that nothing was declared of says what its row says."""
    evidence = load_tables()
    compared = 0
    for name in (*shipped_drugs(inputs), "tocilizumab"):
        for key, quantity in file_of(name, inputs).sources.items():
            if DECLARED in quantity.source or key in NEIGHBOURS:
                continue
            if (name, key) in (("teclistamab", "CL_0"), ("teclistamab", "molar_mass")):
                continue  # a sum and a ratio, in the tests of its file
            assert says(evidence.row(quantity.source[0]), quantity), (name, key)
            compared += 1
    assert compared >= (11 if inputs == "v1" else 30)


def test_a_loaded_file_cannot_be_changed():
    drug = load_drug("okt3")
    with pytest.raises(AttributeError):
        drug.inputs = None
    with pytest.raises(TypeError):
        drug.priors["k_exh"] = None


# ------------------------------------------------------------- a drug of one's own


def test_the_example_can_be_loaded_from_a_path(own):
    drug = own(('role = "blind"', 'role = "user"'), ('name = "okt3"', 'name = "mine"'))
    assert (drug.inputs.name, drug.inputs.role) == ("mine", "user")
    assert drug.inputs.CL == load_drug("okt3").inputs.CL
    assert drug.sha256 != load_drug("okt3").sha256


@pytest.mark.parametrize(
    ("dose", "expected"),
    [
        ('bolus = "5000 ug", time = "0 h"', (Bolus(0, 5000),)),
        ('bolus = "0.1 mg/kg", time = "1 d"', (Bolus(24, 7000),)),
        ('bolus = "10 mg/m2", time = "0 h"', (Bolus(0, 18800),)),
        ('bolus = "20 mg/kg", max = "800 mg", time = "0 h"', (Bolus(0, 800_000),)),
        ('bolus = "10 mg/kg", max = "800 mg", time = "0 h"', (Bolus(0, 700_000),)),
        ('infusion = "6 mg", time = "30 min", duration = "2 h"', (Infusion(0.5, 2, 6000),)),
        ('rate = "24 ug/d", time = "0 h", duration = "7 d"', (Infusion(0, 168, 168),)),
        ('rate = "1 ug/kg/h", time = "0 h", duration = "2 h"', (Infusion(0, 2, 140),)),
        (
            'infusion = "1 mg", time = "0 h", duration = "1 h", every = "12 h", count = 3',
            (Infusion(0, 1, 1000), Infusion(12, 1, 1000), Infusion(24, 1, 1000)),
        ),
    ],
)
def test_a_protocol_becomes_doses(own, dose, expected):
    drug = own(('bolus = "5 mg", time = "0 h", every = "24 h", count = 10', dose))
    assert drug.regimens["clinical"].doses == expected


def test_doses_are_put_in_order_of_time(own):
    lines = '{ bolus = "5 mg", time = "0 h", every = "24 h", count = 10 }'
    other = '{ bolus = "2 mg", time = "2 d" }, { bolus = "1 mg", time = "0 h" }'
    doses = own((lines, other)).regimens["clinical"].doses
    assert doses == (Bolus(0, 1000), Bolus(48, 2000))


@settings(max_examples=40, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(0.5, 60))
def test_a_repeated_bolus_adds_up(tmp_path_factory, milligram, hours):
    text = EXAMPLE.replace('"5 mg"', f'"{milligram!r} mg"').replace('"24 h"', f'"{hours!r} h"')
    path = tmp_path_factory.mktemp("drug") / "own.toml"
    path.write_text(text)
    regimen = load_drug(path).regimens["clinical"]
    assert regimen.total_ug == pytest.approx(10 * 1000 * milligram, rel=1e-9)
    assert regimen.doses[-1].time_h == pytest.approx(9 * hours, abs=1e-6)


# ------------------------------------------------------------- what is refused


V1 = next(line for line in EXAMPLE.splitlines() if line.startswith("V1"))
HALF = 'half_life = { value = 18, unit = "h", source = ["OI005", "OI020"] }'
DOSE = 'bolus = "5 mg", time = "0 h", every = "24 h", count = 10'


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('mechanism = "monoclonal"', 'mechanism = "magic"'), "'monoclonal' or 'bispecific'"),
        (('mechanism = "monoclonal"', 'mechanism = "bispecific"'), "expects potency.K_hook"),
        (('role = "blind"', 'role = "hero"'), "'hero' was given"),
        (("schema = 1", "schema = 2"), "schema"),
        (("schema = 1", "schema = 1\ncolour = 3"), "colour: this key is not known"),
        (("[potency]", "[potency]\nED50 = 3"), "potency.ED50: this key is not known"),
        ((V1, V1.replace("unit", "units")), "V1.units: this key is not known"),
        ((V1, V1.replace('unit = "L"', 'unit = "LL"')), "V1: Unit 'LL' is not known"),
        ((V1, V1.replace('unit = "L"', 'unit = "L/h"')), "V1: Unit 'L/h' was given where 'L'"),
        ((V1, V1.replace("value = 3.5", "value = -3.5")), "-3.5 was given; expected greater"),
        ((V1, V1.replace("value = 3.5", "value = 0")), "expected greater than 0"),
        ((V1, V1.replace("value = 3.5", "value = nan")), "V1.value: nan was given"),
        ((V1, V1.replace("value = 3.5", 'value = "3.5"')), "'3.5' was given; expected a valid"),
        ((V1, V1.replace("value = 3.5", "value = true")), "True was given"),
        ((V1, V1.replace("value = 3.5, ", "")), "V1.value: nothing was given"),
        ((V1, V1.replace("low = 3.0", "low = 4.0")), "value 3.5 lies outside low 4 and high 4.5"),
        ((HALF, ""), "expected either CL or half_life"),
        ((HALF, HALF + '\nCL = { value = 1, unit = "L/h", source = ["OI005"] }'), "either CL or"),
        ((HALF, HALF + '\nV2 = { value = 1, unit = "L", source = ["OI005"] }'), "V2 and Q"),
        (
            ("[potency]", '[potency]\nK_hook = { value = 1, unit = "ng/mL", source = ["OI012"] }'),
            "expects no potency.K_hook",
        ),
        (('status = "assumed"', 'status = "guessed"'), "'estimated', 'fixed' or 'assumed'"),
        (("log10_sd = 0.28, ", ""), "t_cells.k_exh: status 'assumed' expects a log10_sd"),
        (("log10_sd = 0.28", "log10_sd = -0.28"), "expected greater than or equal to 0"),
        (('status = "assumed"', 'status = "fixed"'), "status 'fixed' expects no log10_sd"),
        (('same_as = "tgn1412"', 'same_as = "own"'), "same_as 'own' was given"),
        (('same_as = "tgn1412"', 'same_as = "okt3"'), "has no k_act of its own"),
        (('same_as = "tgn1412", ', ""), "t_cells.k_act"),
        (("[regimens.clinical]", "[regimens.usual]"), "expected one named 'clinical'"),
        ((DOSE, 'bolus = "5 mg"'), "doses.0.time: nothing was given"),
        ((DOSE, 'time = "0 h"'), "expected one of bolus, infusion or rate"),
        ((DOSE, DOSE + ', rate = "1 ug/h"'), "expected one of bolus, infusion or rate"),
        ((DOSE, DOSE + ', duration = "1 h"'), "expects a duration, and a bolus none"),
        ((DOSE, 'rate = "1 ug/h", time = "0 h"'), "expects a duration"),
        ((DOSE, 'bolus = "5 mg", time = "0 h", count = 2'), "expected together"),
        ((DOSE, 'bolus = "5 mg", time = "0 h", every = "1 h"'), "expected together"),
        ((DOSE, 'bolus = "-5 mg", time = "0 h"'), "bolus '-5 mg' was given; expected more than 0"),
        ((DOSE, 'bolus = "5", time = "0 h"'), "a number with a unit"),
        ((DOSE, 'bolus = "5 mgg", time = "0 h"'), "'mgg' is not known"),
        ((DOSE, 'bolus = "5 mg/h", time = "0 h"'), "'mg/h' was given where 'ug'"),
        ((DOSE, 'rate = "5 mg", time = "0 h", duration = "1 h"'), "'mg' was given where 'ug/h'"),
        ((DOSE, 'rate = "5 mg/h", max = "1 mg", time = "0 h", duration = "1 h"'), "max was given"),
        ((DOSE, 'bolus = "5 mg", time = "-1 h"'), "time '-1 h' was given; expected 0 or more"),
        ((DOSE, 'infusion = "5 mg", time = "0 h", duration = "0 h"'), "expected more than 0"),
        ((DOSE, 'bolus = "5 mg", time = "5 L"'), "'L' was given where 'h'"),
        (("doses = [{ " + DOSE + " }]", "doses = []"), "doses"),
        (("schema = 1", "schema = "), "not readable as TOML"),
    ],
)
def test_a_file_is_refused_in_one_sentence(own, change, words):
    with pytest.raises(InputError) as refusal:
        own(change)
    message = str(refusal.value)
    assert message.startswith("Drug file own.toml")
    assert words in message
    assert "\n" not in message and "pydantic" not in message
    assert message.endswith(".")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((HALF, HALF.replace('["OI005", "OI020"]', "[]")), "half_life has no source"),
        ((HALF, HALF.replace("OI005", "OI999")), "'OI999', which is in no evidence table"),
        ((V1, V1.replace(', "declared assumption"', "")), "OI010, which is verified=no"),
        (('source = ["OI001"]', "source = []"), "regimens.clinical has no source"),
        (
            (
                'same_as = "tgn1412", source = ["declared assumption"]',
                'same_as = "tgn1412", source = []',
            ),
            "t_cells.k_act has no source",
        ),
    ],
)
def test_a_number_without_a_sound_source_is_refused(own, change, words):
    with pytest.raises(EvidenceError, match=words):
        own(change)


def test_a_bispecific_needs_its_killing_rate(own):
    line = next(line for line in BISPECIFIC.splitlines() if line.startswith("k_kill"))
    with pytest.raises(InputError, match="expects t_cells.k_kill"):
        own((line, ""), text=BISPECIFIC)


def test_a_missing_section_is_named(own):
    start, end = EXAMPLE.index("[potency]"), EXAMPLE.index("[t_cells]")
    with pytest.raises(InputError, match="potency: nothing was given"):
        own((EXAMPLE[start:end], ""))


def test_other_names_and_paths(tmp_path):
    with pytest.raises(InputError, match="'aspirin' is not known; expected one of blinatumomab"):
        load_drug("aspirin")
    with pytest.raises(InputError, match="load_tocilizumab"):
        load_drug("tocilizumab")
    with pytest.raises(InputError, match="cannot be read"):
        load_drug(tmp_path / "nowhere.toml")
