"""Values on entry, and their masks: what fits, what does not, and that no mask gives the value away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.desk.privacy.checking import check, normal
from forbear.desk.privacy.masking import mask


@pytest.mark.parametrize(
    ("field", "value", "label"),
    [
        ("phone", "not a number", ""),
        ("phone", "12", ""),
        ("phone", "+86138001380001234567", ""),
        ("identity_number", "110105194912310021", ""),
        ("identity_number", "11010519491331002X", ""),
        ("identity_number", "123", "passport"),
        ("email", "nobody", ""),
        ("email", "a@b", ""),
        ("name", "", ""),
        ("name", "   ", ""),
        ("name", "张\x00三", ""),
        ("name", "a" * 501, ""),
        ("nickname", "x", ""),
        ("phone", "13800138000", "fax"),
    ],
)
def test_what_does_not_fit_is_refused_without_repeating_it(field, value, label):
    with pytest.raises(WrongUse) as said:
        check(field, value, label)
    if len(value) > 3:
        assert value not in f"{said.value.message} {said.value.hint}"


@pytest.mark.parametrize(
    ("field", "value", "label", "kept"),
    [
        ("phone", "13800138000", "", "+8613800138000"),
        ("phone", "+44 20 7946 0958", "work", "+442079460958"),
        ("identity_number", "11010519491231002x", "", "11010519491231002X"),
        ("identity_number", " E1234 5678 ", "passport", "E12345678"),
        ("name", "  张  三 ", "", "张 三"),
        ("email", "a.b@example.com", "", "a.b@example.com"),
    ],
)
def test_what_fits_is_kept_in_one_form(field, value, label, kept):
    assert check(field, value, label).kept == kept


def test_a_document_number_of_any_kind_is_searched():
    assert normal("identity_number", "e12345678") == "E12345678"


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("name", "张三", "张*"),
        ("name", "张三丰", "张*丰"),
        ("name", "欧阳锋", "欧阳*"),
        ("name", "欧阳小锋", "欧阳*锋"),
        ("name", "阿卜杜拉·买买提", "阿******提"),
        ("name", "Anna Maria Smith", "A*** M*** S***"),
        ("phone", "+8613812345678", "138****5678"),
        ("phone", "+442079460958", "+44 ****0958"),
        ("phone", "+8657188886666", "****6666"),
        ("identity_number", "11010519491231002X", "****002X"),
        ("identity_number", "AB1234", "****34"),
        ("address", "北京市朝阳区某路 1 号", "北京市****"),
        ("address", "内蒙古自治区呼和浩特市某区", "内蒙古自治区呼和浩特市****"),
        ("address", "某村 3 组", "****"),
        ("address", "1 High Street, Leeds, UK", "****, UK"),
        ("address", "1 High Street", "****"),
        ("employer", "Acme Ltd", "A****"),
        ("email", "anna@example.com", "a***@example.com"),
    ],
)
def test_masks(field, value, shown):
    assert mask(field, value) == shown


@given(st.integers(min_value=13000000000, max_value=19999999999))
def test_a_masked_phone_hides_the_middle(number):
    kept = check("phone", str(number)).kept
    assert mask("phone", kept).count("*") == 4
    assert str(number)[3:7] not in mask("phone", kept).replace("****", "")[:3] + mask("phone", kept)[-4:][4:]
    assert len(mask("phone", kept)) == 11


HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=8)


@given(HAN)
def test_a_masked_chinese_name_hides_at_least_one_character_and_never_shows_all(name):
    shown = mask("name", name)
    assert "*" in shown
    assert shown != name
    assert len(shown) <= len(name)


@given(HAN, HAN)
def test_names_are_searched_without_spaces_or_dots(one, two):
    assert normal("name", f"{one}·{two}") == normal("name", f" {one} {two}")
