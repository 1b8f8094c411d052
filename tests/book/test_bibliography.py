"""A citation and its entry carry one label, and no two entries share one."""

from __future__ import annotations

import pytest
from pybtex.database import parse_string
from pybtex.plugin import find_plugin

from book.pages.references import BIB
from book.site.bibliography import NAME, AuthorYearStyle, label_of, setup


def labels(text: str) -> list[str]:
    entries = parse_string(text, "bibtex").entries.values()
    return [entry.label for entry in AuthorYearStyle().format_entries(entries)]


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ("author = {Raue, A. and Kreutz, C. and Maiwald, T.}, year = {2009}", "Raue et al., 2009"),
        ("author = {Said, EA and others}, year = {2021}", "Said et al., 2021"),
        ("author = {Kass, R. and Raftery, A.}, year = {1995}", "Kass and Raftery, 1995"),
        ("author = {{ASME}}, year = {2018}", "ASME, 2018"),
        (r"author = {N{\o}rsett, S.}", "Nørsett, n.d."),
        ("author = {von Stackelberg, A}, year = {2016}", "von Stackelberg, 2016"),
        ("title = {{One two three four five}}, year = {1990}", "One two three four…, 1990"),
        ("title = {{One two}}, year = {1990}", "One two, 1990"),
    ],
)
def test_a_label_says_who_and_when(given: str, label: str) -> None:
    entry = parse_string(f"@misc{{key, {given}}}", "bibtex").entries["key"]
    assert label_of(entry) == label


def test_entries_that_would_share_a_label_are_told_apart() -> None:
    one = "author = {Nagele, V and others}, year = {2017}"
    text = f"@misc{{b, {one}}} @misc{{a, {one}}} @misc{{c, author = {{Abel, A}}, year = {{2001}}}}"
    assert labels(text) == ["Abel, 2001", "Nagele et al., 2017a", "Nagele et al., 2017b"]


def test_the_whole_list_has_labels_of_its_own_in_order() -> None:
    found = labels(BIB.read_text(encoding="utf-8"))
    assert len(set(found)) == len(found) > 80
    assert [x.casefold() for x in found] == sorted(x.casefold() for x in found)
    assert not any(mark in label for label in found for mark in "{}\\")


def test_sphinx_finds_the_style_by_the_name_in_the_settings() -> None:
    assert setup(None)["parallel_read_safe"]
    assert find_plugin("pybtex.style.formatting", NAME) is AuthorYearStyle
    settings = (BIB.parents[1] / "_config.yml").read_text(encoding="utf-8")
    assert f"bibtex_default_style: {NAME}" in settings
    assert "bibtex_reference_style: label" in settings
