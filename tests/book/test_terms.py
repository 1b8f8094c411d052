"""A term or symbol is explained where a page first uses it, once, in text alone."""

from __future__ import annotations

from pathlib import Path

from book.site.terms import Meaning, define_first_uses, defined, read_terms, symbol_entries

TERMS = {"lock": Meaning("term-lock", "What is fixed."), "prior": Meaning("term-prior", "Before.")}
SYMBOLS = {"K_M": Meaning("symbol-K_M", "threshold"), "S": Meaning("symbol-S", "signal")}


def made(text: str) -> str:
    return defined(text, TERMS, SYMBOLS, "glossary.html")


def math(latex: str) -> str:
    return rf'<span class="math notranslate nohighlight">\({latex}\)</span>'


def test_the_first_use_of_a_term_is_a_link_with_its_meaning_and_the_second_is_not() -> None:
    text = made("<p>Locks hold. A lock holds.</p>")
    link = '<a class="meaning term" href="glossary.html#term-lock" data-meaning="What is fixed.">'
    assert text == f"<p>{link}Locks</a> hold. A lock holds.</p>"


def test_parts_of_words_links_code_and_headings_stay() -> None:
    for text in (
        "<p>blocks, lock-step, prioritise</p>",
        "<h2>A lock</h2>",
        "<pre>lock</pre>",
        '<p><a href="x">the <em>lock</em></a></p>',
        "<code>lock</code>",
        '<p class="lock"></p>',
    ):
        assert made(text) == text
    assert "term-lock" in made("<h2>A lock</h2><p>A lock</p>")


def test_the_first_use_of_a_symbol_is_a_link_around_the_equation() -> None:
    text = made(f"<p>{math('K_M')} and {math('K_M')} and {math('K_M + 1')}</p>")
    assert text.count("<a ") == 1
    assert f'aria-label="K_M in the glossary">{math("K_M")}</a> and {math("K_M")}' in text


def test_a_symbol_that_leads_to_the_glossary_already_says_what_it_means() -> None:
    link = '<a class="symbol" href="glossary.html#symbol-S" aria-label="S in the glossary">'
    assert 'data-meaning="signal"' in made(f"<td>{link}{math('S')}</a></td>")
    assert made(f"<td>{link}{math('S')}</a></td>").count("<a ") == 1


def test_terms_are_read_from_the_built_glossary() -> None:
    page = (
        '<dl class="glossary"><dt id="term-severity-index">severity index<a class="headerlink" '
        f'href="#x">#</a></dt><dd><p>The peak &amp; more, {math("z")}.</p></dd>'
        '<dt id="term-chapter">chapter</dt><dd><p>A notebook.</p></dd></dl>'
    )
    assert read_terms(page) == {
        "severity index": Meaning("term-severity-index", "The peak & more, z.")
    }


def test_every_symbol_of_the_model_has_words_and_its_unit() -> None:
    entries = symbol_entries()
    assert entries["K_M"].place == "symbol-K_M" and "(pg/mL)" in entries["K_M"].meaning
    assert all(entry.meaning for entry in entries.values())


def test_pages_of_prose_are_marked_and_the_glossary_and_the_functions_are_not(
    tmp_path: Path,
) -> None:
    glossary = '<article><dl><dt id="term-lock">lock</dt><dd><p>Fixed.</p></dd></dl></article>'
    page = "<title>lock</title><article><p>A lock.</p></article><p>lock</p>"
    for folder in ("book", "notebooks"):
        (tmp_path / folder).mkdir()
    for name in ("book/glossary.html", "book/api_model.html", "book/x.html", "notebooks/y.html"):
        (tmp_path / name).write_text(glossary if "glossary" in name else page)
    define_first_uses(tmp_path)
    assert (tmp_path / "book/glossary.html").read_text() == glossary
    assert (tmp_path / "book/api_model.html").read_text() == page
    assert (tmp_path / "book/x.html").read_text().count('href="glossary.html#term-lock"') == 1
    marked = (tmp_path / "notebooks/y.html").read_text()
    assert marked.count('href="../book/glossary.html#term-lock"') == 1
    assert marked.endswith("</article><p>lock</p>")
