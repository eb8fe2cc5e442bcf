"""The Chinese words of the desk are whole, and what is compiled is what is written."""

from __future__ import annotations

from babel.messages.catalog import Catalog

from forbear.desk import translating
from forbear.desk.translating import PO, as_mo, as_po, kept, renewed, waiting


def test_every_text_is_translated_and_none_is_guessed():
    assert waiting(kept()) == []


def test_the_catalog_is_that_of_the_code():
    assert as_po(renewed(kept())) == PO.read_bytes(), "run: python -m forbear.desk.translating"


def test_what_is_compiled_is_what_is_written():
    assert PO.with_suffix(".mo").read_bytes() == as_mo(kept())


def test_texts_are_found_in_code_and_in_pages(tmp_path, monkeypatch):
    (tmp_path / "templates").mkdir()
    (tmp_path / "code.py").write_text('said = _("in code")\nmany = ngettext("one", "many", 2)\n')
    page = '<p>it\'s "quoted"\n    {% translate "in a page" %}\n  '
    page += "{% blocktranslate %}of {{ name }}{% endblocktranslate %}"
    (tmp_path / "templates" / "page.html").write_text(page)
    monkeypatch.setattr(translating, "DESK", tmp_path)
    assert {m.id for m in translating.extracted() if m.id} == {
        "in code",
        ("one", "many"),
        "in a page",
        "of %(name)s",
    }


def test_a_text_without_translation_or_with_a_broken_placeholder_waits():
    catalog = Catalog("zh_Hans")
    catalog.add("whole", "完")
    catalog.add("none")
    catalog.add("unsure", "也许", flags=["fuzzy"])
    catalog.add("%(name)s", "%(other)s", flags=["python-format"])
    assert set(waiting(catalog)) == {"none", "unsure", "%(name)s"}
