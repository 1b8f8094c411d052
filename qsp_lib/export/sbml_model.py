"""Writes one SBML model, piece by piece, with python-libsbml.

python-libsbml writes numbers with 15 significant digits. The values of parameters are put back
in full when the text is made, so that a value read from the file is the lock record's to the
last bit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from .. import __version__
from ..common import InputError
from ..model import HUMAN, Quantity
from .formula import BASE_UNITS, BUILT_IN_UNITS, formula, identifier, unit_id, unit_words
from .optional import library

LEVEL, VERSION = 3, 2
SERUM = "serum"
CREATORS = "The qsp-crs contributors"
_NON_SPATIAL_CONTINUOUS, _RULE, _EVENT, _COMPARTMENT = 293, 64, 231, 410
_IDENTIFIERS = "https://identifiers.org/"
_XHTML = "http://www.w3.org/1999/xhtml"


class ModelWriter:
    """An SBML model being written.

    Args:
        name: its identifier.
        title: its name, for people.
        created: the day it is said to be created, ``YYYY-MM-DD``.
    """

    def __init__(self, name: str, title: str, created: str) -> None:
        self._libsbml = library("libsbml")
        self._document = self._libsbml.SBMLDocument(LEVEL, VERSION)
        self._model = model = self._document.createModel()
        self._values: dict[str, float] = {}
        self._units: set[str] = set()
        self._settings = self._libsbml.L3ParserSettings()
        self._settings.setParseUnits(True)
        _do(model.setId(name), model.setName(title), model.setMetaId(name))
        _do(model.setSBOTerm(_NON_SPATIAL_CONTINUOUS))
        # each species has an amount of its own; for a model's in grams COPASI would take moles
        _do(
            model.setTimeUnits(self.unit("h")),
            model.setSubstanceUnits(self.unit("1")),
            model.setExtentUnits(self.unit("1")),
            model.setVolumeUnits(self.unit("mL")),
        )
        self._annotate(model, self._libsbml.BQB_HAS_TAXON, (HUMAN,))
        self._date(created)
        serum = model.createCompartment()
        _do(
            serum.setId(SERUM),
            serum.setName("serum"),
            serum.setSize(1.0),
            serum.setSpatialDimensions(3),
            serum.setConstant(True),
            serum.setUnits(self.unit("mL")),
            serum.setSBOTerm(_COMPARTMENT),
        )

    def unit(self, unit: str) -> str:
        """The identifier of a unit such as ``"pg/mL/h"``, which is defined if it is new."""
        name = unit_id(unit)
        if unit in BUILT_IN_UNITS or name in self._units:
            return name
        self._units.add(name)
        definition = self._model.createUnitDefinition()
        _do(definition.setId(name), definition.setName(unit))
        for word, power in unit_words(unit):
            kind, scale, multiplier = BASE_UNITS[word]
            part = definition.createUnit()
            _do(
                part.setKind(self._libsbml.UnitKind_forName(kind)),
                part.setExponent(power),
                part.setScale(scale),
                part.setMultiplier(multiplier),
            )
        return name

    def state(self, name: str, quantity: Quantity, start: float) -> None:
        """A state with a rate rule to follow: a species if it is a concentration in serum.

        An amount of drug or a fraction of a cell pool is a parameter. As a species it would have
        ``hasOnlySubstanceUnits``, for which COPASI's importer multiplies by a quantity conversion
        factor, and takes any parameter that stands at 1 for one: V2, or the dose factor.
        """
        if quantity.is_concentration:
            self._species(name, quantity, start)
        else:
            self.parameter(name, quantity, start, constant=False)

    def _species(self, name: str, quantity: Quantity, start: float) -> None:
        species = self._model.createSpecies()
        # mg/L is ug/mL: the compartment has 1 mL
        amount = {"pg/mL": "pg", "mg/L": "ug"}[quantity.unit]
        _do(
            species.setId(name),
            species.setName(quantity.words),
            species.setMetaId(name),
            species.setCompartment(SERUM),
            species.setSubstanceUnits(self.unit(amount)),
            species.setHasOnlySubstanceUnits(False),
            species.setBoundaryCondition(False),
            species.setConstant(False),
            species.setSBOTerm(quantity.sbo),
            species.setInitialConcentration(start),
        )
        self._identify(species, quantity)

    def parameter(
        self,
        name: str,
        quantity: Quantity,
        value: float | None,
        *,
        constant: bool = True,
        note: str = "",
    ) -> None:
        """A parameter; without a value, one that a rule computes."""
        name = identifier(name)
        parameter = self._model.createParameter()
        _do(
            parameter.setId(name),
            parameter.setName(quantity.words),
            parameter.setMetaId(name),
            parameter.setUnits(self.unit(quantity.unit)),
            parameter.setConstant(constant),
            parameter.setSBOTerm(quantity.sbo),
        )
        if value is not None:
            _do(parameter.setValue(value))
            self._values[name] = value
        self._identify(parameter, quantity)
        if note:
            self._explain(parameter, [note])

    def begins_at(self, name: str, parameter: str) -> None:
        """A state whose value at time 0 is that of a parameter, whatever it is set to."""
        start = self._model.createInitialAssignment()
        _do(start.setSymbol(name))
        self._set_math(start, identifier(parameter))

    def rate(self, name: str, expression: Any, unit: str) -> None:
        """``d name / dt``, in ``unit`` per hour."""
        rule = self._model.createRateRule()
        _do(rule.setVariable(name), rule.setSBOTerm(_RULE))
        self._set_math(rule, formula(expression, f"{unit}/h"))

    def definition(self, name: str, quantity: Quantity, expression: Any) -> None:
        """A named intermediate quantity, computed at every time.

        Args:
            expression: of SymPy, or a formula as text.
        """
        self.parameter(name, quantity, None, constant=False)
        rule = self._model.createAssignmentRule()
        _do(rule.setVariable(name), rule.setSBOTerm(_RULE))
        text = expression if isinstance(expression, str) else formula(expression, quantity.unit)
        self._set_math(rule, text)

    def event(self, name: str, words: str, when: str, then: Mapping[str, str]) -> None:
        """When the formula ``when`` becomes true, each variable takes the value of its formula.

        It counts as false before the start, so that an event at time 0 happens.
        """
        event = self._model.createEvent()
        _do(event.setId(name), event.setName(words), event.setSBOTerm(_EVENT))
        _do(event.setUseValuesFromTriggerTime(True))
        trigger = event.createTrigger()
        _do(trigger.setInitialValue(False), trigger.setPersistent(True))
        self._set_math(trigger, when)
        for variable, text in then.items():
            assignment = event.createEventAssignment()
            _do(assignment.setVariable(variable))
            self._set_math(assignment, text)

    def explain(self, *paragraphs: str) -> None:
        """The notes of the model."""
        self._explain(self._model, list(paragraphs))

    def text(self) -> str:
        """The model as an SBML file, every value with all its digits."""
        written = self._libsbml.writeSBMLToString(self._document)
        for name, value in self._values.items():
            # identifiers and values are attributes of one tag, identifiers unique in a model
            pattern = rf'(<parameter [^>]*\bid="{name}"[^>]*\bvalue=")[^"]*(")'
            written, n = re.subn(pattern, rf"\g<1>{value!r}\g<2>", written)
            if n != 1:
                raise InputError(f"parameter {name} was written {n} times; expected once.")
        return written

    def _set_math(self, owner: Any, text: str) -> None:
        parsed = self._libsbml.parseL3FormulaWithSettings(text, self._settings)
        if parsed is None:
            raise InputError(f"libSBML cannot read {text!r}: {self._libsbml.getLastParseL3Error()}")
        _do(owner.setMath(parsed))

    def _identify(self, owner: Any, quantity: Quantity) -> None:
        self._annotate(owner, self._libsbml.BQB_IS, quantity.same_as)
        self._annotate(owner, self._libsbml.BQB_IS_VERSION_OF, quantity.version_of)
        self._annotate(owner, self._libsbml.BQB_IS_PROPERTY_OF, quantity.property_of)

    def _annotate(self, owner: Any, relation: int, identifiers: tuple[str, ...]) -> None:
        if not identifiers:
            return
        term = self._libsbml.CVTerm(self._libsbml.BIOLOGICAL_QUALIFIER)
        _do(term.setBiologicalQualifierType(relation))
        for compact in identifiers:
            _do(term.addResource(_IDENTIFIERS + compact))
        _do(owner.addCVTerm(term))

    def _date(self, created: str) -> None:
        history, creator = self._libsbml.ModelHistory(), self._libsbml.ModelCreator()
        _do(creator.setName(CREATORS), history.addCreator(creator))
        date = self._libsbml.Date(f"{created}T00:00:00Z")
        _do(history.setCreatedDate(date), history.setModifiedDate(date))
        _do(self._model.setModelHistory(history))

    def _explain(self, owner: Any, paragraphs: list[str]) -> None:
        inside = "".join(f"<p>{escape(text)}</p>" for text in paragraphs)
        _do(owner.setNotes(f'<body xmlns="{_XHTML}">{inside}</body>'))


def program() -> str:
    """What made the file."""
    return f"qsp_lib {__version__}"


def _do(*codes: int) -> None:
    """Refuse to go on after a call that libSBML did not carry out."""
    if any(codes):
        raise InputError(f"libSBML refused a piece of the model (codes {codes}).")
