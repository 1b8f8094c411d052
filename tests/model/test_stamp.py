"""Ways to put a lock's stamp on values that the lock does not hold, or to take it off."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import REGIMENS, made_up, stamp_of

from qsp_lib.common.errors import InputError, LockError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.model.draws import Draws
from qsp_lib.model.parameters import DrugInputs, NetworkParameters
from qsp_lib.model.simulation import simulate
from qsp_lib.model.stamp import LockStamp
from qsp_lib.protocol.lock import current_record, lock_path, read_record

RECORD = current_record()
ANOTHER = read_record(lock_path("v1"), against_code=False)
NETWORK, DRUG = RECORD.network, RECORD.drug("tgn1412")
DOSES = REGIMENS["infusion"]


def in_place(value: Any, name: str, new: Any) -> Any:
    """A frozen object edited in place, behind its back; a copy, so that the others stay."""
    other = pickle.loads(pickle.dumps(value))
    object.__setattr__(other, name, new)
    return other


def edited_pickle(value: Any, **changes: Any) -> Any:
    """A pickle in which values were exchanged, loaded."""
    rebuild, (kind, given) = value.__reduce__()
    return pickle.loads(pickle.dumps(rebuild))(kind, given | changes)


def other_text(stamp: LockStamp) -> LockStamp:
    """A stamp whose record was edited, under the digest that it had."""
    written = f'"K_M": {NETWORK.K_M!r}'
    assert written in stamp.content
    return replace(stamp, content=stamp.content.replace(written, f'"K_M": {2 * NETWORK.K_M!r}'))


def run(drug: DrugInputs = DRUG, network: NetworkParameters = NETWORK, **options: Any) -> str:
    """The mark of what is simulated."""
    return simulate(drug, network, DOSES, horizon_h=24.0, **options).mark


FORGED: dict[str, Callable[[], Any]] = {
    "a value under the stamp of another": lambda: replace(NETWORK, K_M=1.0),
    "a structure under the stamp of another": lambda: replace(NETWORK, feedback="none"),
    "stamped on altered values": lambda: replace(NETWORK, K_M=1.0, lock=None).stamped(RECORD.stamp),
    "stamped on a drug altered in a copy": lambda: (
        DRUG.unlocked().replace(k_exh=1.0).stamped(RECORD.stamp)
    ),
    "stamped on a drug that the record does not hold": lambda: made_up().stamped(RECORD.stamp),
    "a made-up drug under a locked one's name": lambda: made_up(name="tgn1412").stamped(
        RECORD.stamp
    ),
    "the stamp's own digest of values exchanged": lambda: replace(
        NETWORK,
        K_M=1.0,
        lock=replace(RECORD.stamp, values=replace(NETWORK, K_M=1.0, lock=None)._values_digest()),
    ),
    "a record edited inside the stamp": lambda: run(
        network=replace(NETWORK, lock=other_text(NETWORK.lock))  # type: ignore[arg-type]
    ),
    "a stamp that carries no record": lambda: NETWORK.stamped(
        LockStamp(RECORD.version, RECORD.digest)
    ),
    "the record of another version": lambda: NETWORK.stamped(
        replace(RECORD.stamp, version=ANOTHER.version)
    ),
    "a pickle with another value": lambda: edited_pickle(NETWORK, K_M=1.0),
    "a drug's pickle with another value": lambda: edited_pickle(DRUG, k_exh=1.0),
    "a network edited in place": lambda: run(network=in_place(NETWORK, "K_M", 1.0)),
    "a drug edited in place": lambda: run(in_place(DRUG, "k_exh", 1.0)),
    "the blind drug in another role": lambda: replace(RECORD.drug("okt3"), role="user"),
    "the blind drug in another role, unstamped": lambda: replace(
        RECORD.drug("okt3"), role="user", lock=None
    ),
    "the blind drug in another role, unlocked": lambda: replace(
        RECORD.drug("okt3").unlocked(), role="user"
    ),
    "the blind drug's file in another role": lambda: replace(load_drug("okt3").inputs, role="user"),
    "the blind drug without its stamp": lambda: run(replace(RECORD.drug("okt3"), lock=None)),
    "the blind drug's role edited in place": lambda: run(
        in_place(replace(RECORD.drug("okt3"), lock=None), "role", "user")
    ),
}


@pytest.mark.parametrize("way", FORGED)
def test_values_under_a_stamp_they_do_not_have_are_refused(way: str) -> None:
    with pytest.raises(LockError):
        FORGED[way]()


def altered_draws() -> Draws:
    draws = RECORD.draws(2)["tgn1412"]
    return Draws(dict(draws.values) | {"k_exh": np.ones(2)})


def draws_edited_in_place() -> Draws:
    draws = RECORD.draws(2)["tgn1412"]
    draws.values["k_exh"].setflags(write=True)
    draws.values["k_exh"][:] = 1.0
    return draws


FORGED_DRAWS: dict[str, Callable[[], Draws]] = {
    "other values under the stamp": lambda: replace(
        RECORD.draws(2)["tgn1412"], values=dict(altered_draws().values)
    ),
    "for another drug": lambda: replace(RECORD.draws(2)["tgn1412"], drug="okt3"),
    "edited in place": draws_edited_in_place,
    "without stamp": altered_draws,
    "stamped by hand, the mark taken off": lambda: replace(
        (hand := altered_draws().stamped(RECORD.stamp, "tgn1412")),
        lock=replace(hand.lock, by_hand=False),  # type: ignore[type-var]
    ),
    "those of a drug of one's own": lambda: RECORD.draws(2)["tgn1412"].for_own_drug(
        {"k_exh": np.ones(2)}
    ),
}


@pytest.mark.parametrize("way", FORGED_DRAWS)
def test_draws_that_the_record_did_not_make_do_not_pass_for_its_own(way: str) -> None:
    with pytest.raises(LockError):
        run(draws=FORGED_DRAWS[way]())


def test_draws_stamped_by_hand_mark_what_is_made_from_them() -> None:
    by_hand = altered_draws().stamped(RECORD.stamp, "tgn1412")
    assert run(draws=by_hand) == f"draws stamped by hand under lock {RECORD.version}"
    assert run(draws=by_hand[:1]) == run(draws=by_hand.repeat(2)) == run(draws=by_hand)
    assert run(draws=pickle.loads(pickle.dumps(by_hand))) == run(draws=by_hand)
    assert run(draws=RECORD.draws(2)["tgn1412"]) == ""


def test_draws_of_an_own_drug_hold_values_of_drugs_only() -> None:
    with pytest.raises(InputError, match="'K_M' is no value of a drug"):
        RECORD.draws(2)["tgn1412"].for_own_drug({"K_M": np.ones(2)})
    own = RECORD.draws(2)["tgn1412"].for_own_drug({"k_exh": np.ones(2)})
    assert run(made_up(name="tgn1412"), draws=own) == ""


def test_values_whose_stamp_was_taken_off_are_marked() -> None:
    free = replace(NETWORK, lock=None)
    words = f"values taken out of lock {RECORD.version} ({RECORD.digest[:12]})"
    assert run(network=free) == words
    assert run(network=free.replace(K_M=1.0)) == run(network=free)
    assert run(made_up(), NETWORK) == ""


def test_values_of_a_record_that_is_in_no_ledger_are_marked(network: NetworkParameters) -> None:
    stamp = stamp_of(network, made_up())
    words = f"lock v7 ({stamp.digest[:12]}) is not in the ledger"
    assert run(made_up().stamped(stamp), network.stamped(stamp)) == words


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_an_unchanged_copy_stays_locked(again: Callable[[Any], Any]) -> None:
    for value in (NETWORK, DRUG, RECORD.drug("okt3")):
        other = again(value)
        assert other == value and other.lock == value.lock and other.origin == value.origin
        with pytest.raises(LockError, match="is locked at"):
            other.replace(**{"K_M" if value is NETWORK else "k_exh": 1.0})
    draws = again(RECORD.draws(2)["tgn1412"])
    assert run(again(DRUG), again(NETWORK), draws=draws) == ""


def test_a_stamp_says_nothing_of_its_record_at_length() -> None:
    assert len(repr(NETWORK)) < 1000
