"""Lock records: what they refuse, what they carry, and the draws they give.

No test here simulates the blind drug: its part is played by drugs that do not exist.
"""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from helpers import REGIMENS, kept, made_up

from qsp_lib.common.errors import LockError
from qsp_lib.common.inputs import CURRENT
from qsp_lib.common.text import canonical_json
from qsp_lib.drugs.reading import load_drug
from qsp_lib.inference.fitting import Fit, Problem
from qsp_lib.inference.posterior import laplace_draws, standard_normals
from qsp_lib.model.draws import Draws
from qsp_lib.model.equations import NETWORK
from qsp_lib.model.severity import index
from qsp_lib.model.simulation import simulate
from qsp_lib.model.stamp import LockStamp
from qsp_lib.protocol import inputs, lock, locking
from qsp_lib.protocol import record as protocol_record
from qsp_lib.protocol.ledger import record_file
from qsp_lib.protocol.lock import (
    current_record,
    lock_path,
    newest_record,
    read_record,
    record_of,
    versions,
    write_record,
)
from qsp_lib.protocol.places import PACKAGED, Places, take_turn
from qsp_lib.protocol.record import FORMAT, Record, digest_of, verify
from qsp_lib.protocol.sample_table import parse_table, table_text

Content = MappingProxyType[str, Any]
SHORT = REGIMENS["infusion"]


def changed(content: Mapping[str, Any], change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """A copy with a change, and with a digest that fits the changed content."""
    other = copy.deepcopy(dict(content))
    change(other)
    return other | {"digest": digest_of(other)}


# ---------------------------------------------------------------- the file


def test_a_record_reads_back_as_it_was_written(content: Content, tmp_path: Path) -> None:
    read = read_record(kept(content, tmp_path))
    assert _thawed(read.content) == dict(content) | {"digest": digest_of(content)}
    assert read.digest == digest_of(content)
    assert read.stamp == LockStamp("v1", read.digest, content=canonical_json(dict(content)))
    assert read.network.values() == content["network"]


def _thawed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _thawed(item) for key, item in value.items()}
    return [_thawed(item) for item in value] if isinstance(value, tuple) else value


def test_a_digest_depends_on_the_content_and_not_on_its_order(content: Content) -> None:
    backwards = dict(reversed(content.items()))
    assert digest_of(backwards) == digest_of(content)
    assert digest_of(dict(content) | {"digest": "anything"}) == digest_of(content)
    nearly = copy.deepcopy(dict(content))
    nearly["network"]["K_M"] = np.nextafter(nearly["network"]["K_M"], np.inf)
    assert digest_of(nearly) != digest_of(content)


def test_a_version_is_never_written_twice(content: Content, tmp_path: Path) -> None:
    path = kept(content, tmp_path)
    before = path.read_bytes()
    with pytest.raises(LockError, match="lock v1 exists and is never edited; .* new version"):
        kept(dict(content) | {"reason": "another"}, tmp_path)
    assert path.read_bytes() == before


def test_the_newest_version_is_the_highest_number(
    content: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "CURRENT", "v1")  # the inputs that this content is of
    places = Places(tmp_path)
    places.sealed_list.write_bytes(PACKAGED.sealed_list.read_bytes())
    with take_turn(places) as turn:
        for version in ("v1", "v2", "v10"):
            path = write_record(dict(content) | {"version": version}, turn)
            digest = read_record(path).digest
            record_file("lock", path, turn, version=version, digest=digest, summary={})
    assert versions(places) == ("v1", "v2", "v10")
    assert newest_record(places).version == current_record(places).version == "v10"


def test_everything_stands_on_the_newest_record_of_the_current_inputs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inputs = {"v1": "v1", "v2": "v1", "v3": "v2"}

    def read(path: Path, **_: object) -> SimpleNamespace:
        version = path.stem.removeprefix("lock-")
        return SimpleNamespace(version=version, inputs=inputs[version])

    monkeypatch.setattr(lock, "versions", lambda places: tuple(inputs))
    monkeypatch.setattr(lock, "recorded_versions", lambda places: tuple(inputs))
    monkeypatch.setattr(lock, "read_record", read)
    monkeypatch.setattr(lock, "CURRENT", "v1")
    assert current_record(Places(tmp_path)).version == "v2"
    assert newest_record(Places(tmp_path)).version == "v3"
    monkeypatch.setattr(lock, "CURRENT", "v4")
    with pytest.raises(LockError, match="no lock record was made from inputs v4 yet"):
        current_record(Places(tmp_path / "other"))


def test_only_lines_of_locks_are_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [("lock", "v1"), ("evaluation", "v1"), ("prediction", "v1"), ("lock", "v2")]
    made = [SimpleNamespace(kind=kind, lock_version=version) for kind, version in kinds]
    monkeypatch.setattr(lock, "read_ledger", lambda path: made)
    assert lock.recorded_versions() == ("v1", "v2")


def test_without_a_record_there_is_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="there is no lock record yet"):
        current_record(Places(tmp_path))
    with pytest.raises(LockError, match=r"no lock record at lock-v1\.json; make one"):
        read_record(tmp_path / "lock-v1.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"lock-v1\.json is not a lock record"),
        ("[1, 2]", "it has no version"),
        ('{"network": {}}', "it has no version"),
    ],
)
def test_a_file_that_is_no_record_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "lock-v1.json"
    path.write_text(text)
    with pytest.raises(LockError, match=message):
        read_record(path)


@pytest.mark.parametrize(
    "edit",
    [
        lambda c: c["network"].update(K_M=c["network"]["K_M"] * 1.0000001),
        lambda c: c["drugs"]["okt3"].update(k_exh=0.8),
        lambda c: c["posterior"]["mean_log10"].__setitem__(0, 0.0),
        lambda c: c["severity"]["boundaries"].update(grade_4=9.0),
        lambda c: c["blind_test"].update(seed=1),
        lambda c: c["sealed"].update(okt3_outcomes="0" * 64),
        lambda c: c.update(added="a key that was not there"),
        lambda c: c.pop("reason"),
    ],
)
def test_an_edited_file_is_refused(
    content: Content, edit: Callable[[dict[str, Any]], Any], tmp_path: Path
) -> None:
    path = kept(content, tmp_path)
    written = json.loads(path.read_text())
    edit(written)
    path.write_text(canonical_json(written))
    with pytest.raises(LockError, match="lock v1 was edited: .* a change is a new version"):
        read_record(path)


def test_a_table_hash_other_than_the_listed_one_is_refused(content: Content) -> None:
    other = changed(content, lambda c: c["sealed"].update(okt3_outcomes="0" * 64))
    with pytest.raises(LockError, match="hash of held-back table okt3_outcomes is not the one"):
        verify(other)
    without = changed(content, lambda c: c["sealed"].pop("external_drugs"))
    with pytest.raises(LockError, match="held-back table external_drugs"):
        verify(without)


@pytest.mark.parametrize(
    "name", ["evidence", "network_parameters", "observations", "drug okt3", "drug tocilizumab"]
)
def test_inputs_other_than_the_recorded_ones_are_refused_by_name(
    content: Content, name: str
) -> None:
    other = changed(content, lambda c: c["digests"].update({name: "f" * 64}))
    with pytest.raises(LockError, match=f"{name} is not what lock v1 was made from .*ffffffffffff"):
        verify(other)


def test_evidence_that_has_changed_since_the_lock_is_refused(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = changed(content, lambda c: None)
    verify(whole)
    now = inputs.input_digest
    changed_table = "evidence/potency.csv"
    monkeypatch.setattr(
        inputs,
        "input_digest",
        lambda name, there: "e" * 64 if name == changed_table else now(name, there),
    )
    with pytest.raises(LockError, match="potency.csv is not what lock v1 was made from"):
        verify(whole)


def test_equations_that_have_changed_since_the_lock_are_refused(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol_record, "equations_digest", lambda feedback: "a" * 64)
    whole = changed(content, lambda c: None)
    words = "equations are not those of lock v1 .*Restore the files of qsp_lib/model"
    with pytest.raises(LockError, match=words):
        verify(whole)
    verify(whole, against_code=False)  # an older version may outlive its code


def test_a_record_of_another_structure_is_refused(content: Content) -> None:
    other = changed(content, lambda c: c["structure"].update(feedback="none"))
    with pytest.raises(LockError, match="equations are not those of lock v1"):
        verify(other)


def test_a_comment_in_a_drug_file_is_no_change_and_a_number_is(tmp_path: Path) -> None:
    source = PACKAGED.data / "drugs" / "tgn1412.toml"
    text = source.read_text(encoding="utf-8")
    digests = []
    for i, other in enumerate((text, "# a remark\n" + text, text.replace("450", "451"))):
        path = tmp_path / f"drug{i}.toml"
        path.write_text(other, encoding="utf-8")
        digests.append(inputs._meaning_digest(load_drug(path)))
    assert digests[0] == digests[1] != digests[2]


def test_the_record_on_file_holds_against_the_code_and_the_evidence() -> None:
    assert newest_record().version == versions()[-1]
    assert current_record().inputs == CURRENT
    for record in (current_record(), newest_record()):
        assert set(record.network.values()) == set(NETWORK)


# ---------------------------------------------------------------- locked values


def test_a_locked_value_cannot_be_changed_and_the_message_names_it_and_the_lock(
    record: Record,
) -> None:
    with pytest.raises(LockError, match=rf"K_M is locked at .* by lock v1 \({record.digest[:12]}"):
        record.network.replace(K_M=1.0)
    with pytest.raises(LockError, match=r"k_exh is locked at 0\.7 by lock v1"):
        record.drug("okt3").replace(k_exh=0.1)
    with pytest.raises(LockError, match="the role of OKT3, the blind drug, cannot become 'user'"):
        record.drug("okt3").replace(role="user")


def test_a_record_in_memory_cannot_be_changed(record: Record) -> None:
    with pytest.raises(TypeError):
        record.content["network"]["K_M"] = 1.0
    with pytest.raises(TypeError):
        record.content["posterior"]["mean_log10"][0] = 1.0
    with pytest.raises(AttributeError):
        record.content = {}  # type: ignore[misc]


def test_a_drug_that_the_record_does_not_hold_is_refused(record: Record) -> None:
    with pytest.raises(LockError, match=r"lock v1 holds no drug 'aspirin'; it holds \['blina"):
        record.drug("aspirin")


def test_results_of_locked_values_carry_no_mark(record: Record) -> None:
    run = simulate(record.drug("tgn1412"), record.network, SHORT)
    assert run.mark == ""


def test_an_unlocked_copy_marks_every_result_made_from_it(record: Record) -> None:
    mark = "unlocked copy of lock v1"
    network = record.network.unlocked().replace(K_M=500.0)
    drug = record.drug("tgn1412").unlocked().replace(k_exh=0.2)
    assert simulate(record.drug("tgn1412"), network, SHORT).mark == mark
    assert simulate(drug, record.network, SHORT).mark == mark
    assert simulate(drug, network, SHORT, draws=Draws({"K_M": np.ones(2)})).mark == mark
    assert simulate(made_up(), record.network.unlocked(), SHORT).mark == mark


def test_a_blind_drug_needs_both_its_inputs_and_its_network_from_the_record(
    content: Content,
) -> None:
    blind = made_up(name="made-up", role="blind")
    held = changed(content, lambda c: c["drugs"].update({"made-up": blind.plain()}))
    record = Record(held)
    free = replace(record.network, lock=None)
    locked = record.drug("made-up")
    for drug, network in [(blind, record.network), (locked, free), (blind, free)]:
        with pytest.raises(LockError, match="is the blind drug: it is simulated from a lock"):
            simulate(drug, network, SHORT)
    assert simulate(locked, record.network, SHORT).completed.all()


def test_draws_that_are_not_the_records_own_cannot_replace_locked_values(record: Record) -> None:
    drug = record.drug("tgn1412")
    for values, named in (
        ({"K_M": np.ones(2)}, "K_M"),
        ({"k_exh": np.ones(2)}, "k_exh"),
        ({"k_rec": np.ones(2), "n_S": np.ones(2)}, "n_S"),
    ):
        for stamp in (None, LockStamp("v2", record.digest), LockStamp("v1", "0" * 64)):
            with pytest.raises(
                LockError, match=f"{named} of TGN1412 is locked by lock v1 .*record's own"
            ):
                draws = Draws(values)
                if stamp is not None:
                    draws = draws.stamped(stamp, "tgn1412")
                simulate(drug, record.network, SHORT, draws=draws)


@pytest.mark.parametrize("name", ["K_B", "B_0", "k_a", "CL_0", "k_CL", "Vmax", "Km", "K_hook"])
def test_no_parameter_that_a_drug_may_bring_is_left_out_of_its_lock(name: str) -> None:
    """Also those that lock v1 did not know, which is why the current record is asked."""
    record = current_record()
    drug = record.drug("blinatumomab")
    with pytest.raises(LockError, match=f"{name} of Blinatumomab is locked"):
        simulate(drug, record.network, SHORT, draws=Draws({name: np.array([0.5])}))
    free = drug.unlocked()
    assert simulate(free, record.network, SHORT, draws=Draws({name: np.array([0.5])})).mark


def test_draws_may_vary_what_the_record_does_not_lock(record: Record) -> None:
    draws = Draws({"f_R": np.array([0.5, 0.9]), "k_CRP": np.ones(2)})
    assert len(simulate(record.drug("tgn1412"), record.network, SHORT, draws=draws)) == 2
    # a drug of one's own on the locked network
    own = Draws({"k_exh": np.array([0.1, 0.5])})
    assert len(simulate(made_up(), record.network, SHORT, draws=own)) == 2


def test_the_records_own_draws_are_accepted_unmarked(record: Record) -> None:
    draws = record.draws(4)["tgn1412"]
    run = simulate(record.drug("tgn1412"), record.network, SHORT, draws=draws)
    assert run.completed.all()
    assert run.mark == ""


# ---------------------------------------------------------------- draws of the record


def test_draws_are_the_same_for_the_same_seed_and_others_for_another(record: Record) -> None:
    one, again, other = (record.draws(20, seed=seed) for seed in (1, 1, 2))
    for drug in one:
        for name in one[drug].values:
            assert np.array_equal(one[drug].values[name], again[drug].values[name])
            assert not np.any(one[drug].values[name] == other[drug].values[name])


def test_the_seed_is_the_records_own_unless_another_is_given(record: Record) -> None:
    assert record.seed == locking.SEED
    own, named = record.draws(5)["tgn1412"], record.draws(5, seed=record.seed)["tgn1412"]
    assert np.array_equal(own.values["K_M"], named.values["K_M"])


def test_the_first_ten_of_a_hundred_draws_are_ten_draws(record: Record) -> None:
    few, many = record.draws(10), record.draws(100)
    for drug in few:
        for name, values in few[drug].values.items():
            assert np.array_equal(values, many[drug].values[name][:10])


def test_one_draw_is_one_network_for_all_drugs(record: Record) -> None:
    draws = record.draws(30)
    assert set(draws) == {"blinatumomab", "tgn1412", "okt3"}
    for name in NETWORK:
        if name in ("n_M", "n_S"):
            assert name not in draws["okt3"].values
            continue
        for drug in draws:
            assert np.array_equal(draws[drug].values[name], draws["tgn1412"].values[name])


def test_recovery_is_drawn_once_for_all_drugs(record: Record) -> None:
    draws = record.draws(30)
    shared = draws["okt3"].values["k_rec"]
    assert np.array_equal(shared, draws["tgn1412"].values["k_rec"])
    assert np.array_equal(shared, draws["blinatumomab"].values["k_rec"])
    assert len(np.unique(shared)) == 30


def test_the_blind_drug_takes_its_activation_rate_from_tgn1412_draw_by_draw(
    record: Record,
) -> None:
    draws = record.draws(30)
    assert np.array_equal(draws["okt3"].values["k_act"], draws["tgn1412"].values["k_act"])
    assert record.drug("okt3").k_act == record.drug("tgn1412").k_act
    assert not np.any(draws["okt3"].values["k_exh"] == draws["tgn1412"].values["k_exh"])


def test_each_drug_is_drawn_only_the_rates_it_has(record: Record) -> None:
    upstream = {
        drug: {name for name in draws.values if name not in NETWORK}
        for drug, draws in record.draws(2).items()
    }
    assert upstream == {
        "blinatumomab": {"k_act", "k_exh", "k_kill", "k_rec"},
        "tgn1412": {"k_act", "k_exh", "k_rec"},
        "okt3": {"k_act", "k_exh", "k_rec"},
    }


def test_draws_scatter_as_the_posterior_and_the_declared_priors_say(record: Record) -> None:
    n = 3000
    draws = record.draws(n)
    names, mean, covariance = record.posterior
    spread = np.sqrt(np.diag(covariance))
    for i, name in enumerate(names):
        drug, _, rate = name.rpartition(".")
        drawn = np.log10(draws[drug or "okt3"].values[rate])
        assert drawn.mean() == pytest.approx(mean[i], abs=5 * spread[i] / np.sqrt(n))
        assert drawn.std() == pytest.approx(spread[i], rel=0.08)
    for rate, median, sd in (("k_exh", 0.7, 0.28), ("k_rec", 0.005, 0.3)):
        drawn = np.log10(draws["okt3"].values[rate])
        assert drawn.mean() == pytest.approx(np.log10(median), abs=5 * sd / np.sqrt(n))
        assert drawn.std() == pytest.approx(sd, rel=0.08)


def test_declared_priors_are_drawn_independently_of_the_posterior(record: Record) -> None:
    draws = record.draws(3000)["okt3"].values
    logs = {name: np.log10(values) for name, values in draws.items()}
    for name in ("k_exh", "k_rec"):
        others = [other for other in logs if other != name]
        for other in others:
            assert abs(np.corrcoef(logs[name], logs[other])[0, 1]) < 0.1


def test_another_declared_prior_does_not_move_the_posterior_draws(content: Content) -> None:
    wider = changed(
        content, lambda c: c["assumed"].update({"a.k_exh": {"median": 1.0, "log10_sd": 0.1}})
    )
    with_it = Record(MappingProxyType(wider)).draws(10)
    without = Record(MappingProxyType(changed(content, lambda c: None))).draws(10)
    for name in ("K_M", "k_act", "k_IL6_M"):
        assert np.array_equal(with_it["okt3"].values[name], without["okt3"].values[name])


def test_draws_at_given_points_are_those_points(record: Record) -> None:
    names, mean, _ = record.posterior
    theta = mean + np.array([[0.0], [0.1]])
    draws = record.draws_at(theta)
    assert draws["tgn1412"].values["K_M"] == pytest.approx(10 ** theta[:, names.index("K_M")])
    assert draws["okt3"].values["k_act"] == pytest.approx(
        10 ** theta[:, names.index("tgn1412.k_act")]
    )


def test_the_moments_of_laplaces_posterior_are_its_mean_and_widths(record: Record) -> None:
    names, mean, covariance = record.posterior
    assert tuple(record.moments) == names
    found = np.array(list(record.moments.values()))
    assert found[:, 0].tolist() == mean.tolist()
    assert found[:, 1] == pytest.approx(np.sqrt(np.diag(covariance)))


def test_the_moments_of_a_kept_sample_are_those_of_its_rows(
    content: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("k_IL6_T/k_IL6_M", "k_IL6_M")
    points = np.array([[-1.0, 2.0], [-2.0, 3.5], [-3.0, 3.5]])
    text = table_text(names, points, np.zeros(3))
    columns, rows, sha256 = parse_table(text)
    (tmp_path / "sample.csv").write_text(text, encoding="utf-8")
    monkeypatch.setattr(protocol_record, "SAMPLES", tmp_path)
    about = {"file": "sample.csv", "sha256": sha256, "rows": len(rows), "columns": list(columns)}
    # the optimum and the covariance at it are not the sample's
    posterior = {
        "names": list(names),
        "mean_log10": [0.0, 0.0],
        "covariance_log10": [[1.0, 0.0], [0.0, 1.0]],
        "sample": about,
    }
    moments = Record(changed(content, lambda c: c.update(posterior=posterior))).moments
    assert moments["k_IL6_T/k_IL6_M"] == pytest.approx((-2.0, np.sqrt(2 / 3)))
    assert moments["k_IL6_M"] == pytest.approx((3.0, np.sqrt(0.5)))
    product = np.array([1.0, 1.5, 0.5])  # of ratio and rate, in log10
    assert moments["k_IL6_T"] == pytest.approx((product.mean(), product.std()))


# ---------------------------------------------------------------- making one


def test_a_record_says_which_rates_are_shared_and_which_are_assumed(record: Record) -> None:
    assert record.content["same_as"] == {"okt3": {"k_act": "tgn1412"}}
    assert record.content["assumed"] == {
        "okt3.k_exh": {"median": 0.7, "log10_sd": 0.28},
        "k_rec": {"median": 0.005, "log10_sd": 0.3},
    }


def test_the_boundaries_rest_on_the_two_fitted_drugs_alone(record: Record) -> None:
    assert set(record.content["severity"]["index"]) == {"blinatumomab", "tgn1412"}
    for name, z in record.content["severity"]["index"].items():
        run = simulate(record.drug(name), record.network, record.regimen(name))
        assert float(index(run)) == pytest.approx(z, abs=1e-6)
    z = record.content["severity"]["index"]
    assert record.boundaries.grade_2 == pytest.approx(z["blinatumomab"] + 0.25)
    assert record.boundaries.grade_4 == pytest.approx(z["tgn1412"] - 0.25)
    assert [record.boundaries.grade(z[name]) for name in ("blinatumomab", "tgn1412")] == [1, 4]


def test_the_locked_readout_gives_the_declared_crp_peaks(record: Record) -> None:
    peaks = [
        float(
            simulate(
                record.drug(name),
                record.network,
                record.regimen(name),
                crp=record.crp,
            )
            .peak("CRP")
            .value
        )
        for name in ("tgn1412", "blinatumomab")
    ]
    assert peaks == pytest.approx([200.0, 60.0], rel=1e-5)


def test_making_a_record_simulates_no_blind_drug(
    joint_problem: Problem, joint_fit: Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated = []

    def watched(drug: Any, *args: Any, **options: Any) -> Any:
        simulated.append(drug.role)
        return simulate(drug, *args, **options)

    monkeypatch.setattr(locking, "simulate", watched)
    monkeypatch.setattr("qsp_lib.model.crp.simulate", watched)
    locking.compose("v1", "made by a test", "2026-01-01", joint_problem, joint_fit)
    assert set(simulated) == {"calibration", "development"}


def test_a_fit_that_did_not_converge_makes_no_record(
    joint_problem: Problem, joint_fit: Fit
) -> None:
    with pytest.raises(LockError, match="did not converge; a lock is made from an optimum only"):
        locking.compose("v1", "", "2026-01-01", joint_problem, replace(joint_fit, converged=False))


def test_drugs_too_alike_in_severity_make_no_record(
    joint_problem: Problem, joint_fit: Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking.severity, "index", lambda run: 2.0)
    with pytest.raises(LockError, match="grade boundaries .* are out of order"):
        locking.compose("v1", "", "2026-01-01", joint_problem, joint_fit)


def test_a_lock_needs_a_reason() -> None:
    with pytest.raises(LockError, match="a lock needs a reason"):
        locking.make_lock("  ", "2026-01-01")


def test_a_locked_object_made_by_hand_with_another_value_is_refused(record: Record) -> None:
    with pytest.raises(LockError, match="these values are not those of lock v1"):
        replace(record.network, K_M=1.0)
    with pytest.raises(LockError, match="these values are not those of lock v1"):
        replace(record.drug("tgn1412"), k_exh=1.0)


def test_the_records_draws_for_one_drug_are_not_accepted_for_another(record: Record) -> None:
    draws = record.draws(2)
    shown = f"is locked by lock v1 \\({record.digest[:12]}\\);"
    for of, drug in (("blinatumomab", "tgn1412"), ("tgn1412", "blinatumomab")):
        with pytest.raises(LockError, match=f"of {record.drug(drug).label} {shown}"):
            simulate(record.drug(drug), record.network, SHORT, draws=draws[of])


@pytest.mark.parametrize("form", [FORMAT + 1, 99, "2", None, [2]])
def test_a_record_newer_than_the_code_is_told(
    content: Content, tmp_path: Path, form: object
) -> None:
    path = kept(dict(content) | {"format": form, "a part of later": {}}, tmp_path)
    with pytest.raises(LockError, match="the record is newer than the code. Update the package"):
        read_record(path)


def test_a_part_that_no_record_has_is_told(content: Content, tmp_path: Path) -> None:
    path = kept(dict(content) | {"a part of later": {}}, tmp_path)
    with pytest.raises(LockError, match="holds 'a part of later', which no record of format 2"):
        read_record(path)


def test_an_edited_content_makes_no_record(content: Content) -> None:
    whole = copy.deepcopy(dict(content)) | {"digest": digest_of(content)}
    edited = whole | {"network": dict(content["network"]) | {"K_M": 1.0}}
    with pytest.raises(LockError, match="lock v1 was edited"):
        Record(edited)
    with pytest.raises(LockError, match="lock v1 was edited"):
        Record(content)  # it carries no digest
    record = Record(whole)
    whole["network"]["K_M"] = 1.0  # which the record does not hear of
    assert record.network.K_M != 1.0


def test_a_record_that_was_edited_and_signed_marks_what_is_made_from_it(content: Content) -> None:
    edited = changed(content, lambda c: c["network"].update(K_M=500.0))
    record = Record(edited)
    run = simulate(record.drug("tgn1412"), record.network, SHORT, horizon_h=24.0)
    assert run.mark == f"lock v1 ({record.digest[:12]}) is not in the ledger"


def through_a_pickle(record: Record) -> Record:
    return pickle.loads(pickle.dumps(record))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, through_a_pickle])
def test_a_copy_of_a_record_is_the_record_and_an_edit_of_it_is_refused(
    record: Record, again: Callable[[Record], Record]
) -> None:
    other = again(record)
    assert other == record and other.stamp == record.stamp
    network = record.network.values() | {"K_M": 1.0}
    object.__setattr__(other, "content", {**other.content, "network": network})
    with pytest.raises(LockError, match="these values are not those of lock v1"):
        _ = other.network


def test_a_record_whose_part_is_of_another_kind_is_refused(record: Record) -> None:
    build, (content,) = record.__reduce__()
    with pytest.raises(LockError, match="lock v1 was edited"):
        build({**content, "drugs": {}})


def test_a_record_under_another_versions_name_is_refused(content: Content, tmp_path: Path) -> None:
    path = kept(content, tmp_path)
    with pytest.raises(LockError, match=r"lock-v2\.json holds lock v1"):
        read_record(path.rename(path.with_name("lock-v2.json")))


@pytest.mark.parametrize("part", ["sealed", "posterior", "blind_test"])
def test_a_record_without_one_of_its_parts_is_refused(
    content: Content, tmp_path: Path, part: str
) -> None:
    rest = {key: value for key, value in content.items() if key != part}
    with pytest.raises(LockError, match=f"lock v1 has no '{part}'"):
        read_record(kept(rest, tmp_path))


def test_a_signed_record_whose_covariance_is_none_is_refused(
    content: Content, tmp_path: Path
) -> None:
    def spoil(record: dict[str, Any]) -> None:
        record["posterior"]["covariance_log10"][0][0] = -1.0

    with pytest.raises(LockError, match="does not hold what a lock record holds .*not positive"):
        read_record(kept(changed(content, spoil), tmp_path))


def test_the_draws_of_lock_v1_are_those_its_prediction_was_made_from() -> None:
    # as they were made then: LAPACK's factor, and a product of matrices
    record = read_record(lock_path("v1"), against_code=False)
    _, mean, covariance = record.posterior
    n = record.content["blind_test"]["n_draws"]
    normals = standard_normals(n, mean.size, record.seed)
    then = mean + normals @ np.linalg.cholesky(covariance).T
    assert np.abs(laplace_draws(mean, covariance, n, record.seed) - then).max() < 1e-13


def test_a_lock_is_asked_for_by_its_version() -> None:
    assert record_of("v1") == read_record(lock_path("v1"))
    assert record_of() == current_record()
    with pytest.raises(LockError, match=r"there is no lock 'v9'; expected one of v1"):
        record_of("v9")
