"""What the check finds: each category, at its place in the text as given, with a kinder wording."""

from __future__ import annotations

import pytest

from forbear.basics.errors import WrongUse
from forbear.conduct.language import check_words, language_of, rules

FORBIDDEN = [
    ("threat", "Pay today or I will break your legs.", "break your legs"),
    ("shaming", "We will post your photo on Facebook with the word cheat.", "post your photo on Facebook"),
    ("insult", "Answer the phone, you worthless idiot.", "idiot"),
    ("false_authority", "A warrant has been issued in your name, pay now.", "warrant has been issued"),
    ("false_consequence", "You will go to jail for this loan.", "jail"),
    ("disclosure", "I will tell your boss that you owe us money.", "tell your boss"),
    ("borrow_elsewhere", "Take out a payday loan and pay us today.", "payday loan"),
    ("harassment", "We will call you fifty times a day until you pay.", "call you fifty times"),
    ("missing_identification", "Never mind who I am, just pay.", "Never mind who I am"),
    ("threat", "今天不还钱就打断你的腿。", "打断你的腿"),
    ("shaming", "把你的照片发到朋友圈曝光你。", "曝光"),
    ("insult", "你就是个垃圾，老赖。", "垃圾"),
    ("false_authority", "我是公安局的，你已经被立案了。", "公安局"),
    ("false_consequence", "再不还款就让你坐牢。", "坐牢"),
    ("disclosure", "我会告诉你单位领导你欠钱的事。", "告诉你单位领导"),
    ("borrow_elsewhere", "去借网贷也要把钱还上。", "借网贷"),
    ("harassment", "一天给你打一百个电话，打到你还钱为止。", "打一百个电话"),
    ("missing_identification", "别管我是谁，赶紧还钱。", "别管我是谁"),
]


@pytest.mark.parametrize(("category", "text", "words"), FORBIDDEN)
def test_each_category_is_found_where_it_stands(category: str, text: str, words: str) -> None:
    found = [f for f in check_words(text) if f.category == category and f.severity == "forbidden"]
    assert found, f"no {category} in {text!r}"
    place = text.index(words)
    assert any(f.start < place + len(words) and place < f.end for f in found)
    for finding in found:
        assert finding.text == text[finding.start : finding.end]
        assert finding.rule in rules()
        assert finding.citations == rules()[finding.rule].citations


@pytest.mark.parametrize(("category", "text", "words"), FORBIDDEN)
def test_the_kinder_wording_is_in_the_language_of_the_text_and_is_itself_clean(
    category: str, text: str, words: str
) -> None:
    for finding in check_words(text):
        assert language_of(finding.kinder) == language_of(text)
        assert not check_words(finding.kinder).forbidden
        assert language_of(finding.explanation) == language_of(text)
        assert set(finding.explanations) == {"zh", "en"}


DISGUISED = [
    ("false_consequence", "you will go to j a i l", "j a i l"),
    ("false_consequence", "you will go to ja1l", "ja1l"),
    ("false_consequence", "you will go to ｊａｉｌ", "ｊａｉｌ"),
    ("false_consequence", "you will go to j\u200ba\u200bi\u200bl", "j\u200ba\u200bi\u200bl"),
    ("insult", "you are an іdіоt", "іdіоt"),
    ("insult", "you are an i.d.i.o.t", "i.d.i.o.t"),
    ("insult", "you id*ot, pay what you owe us", "id*ot"),
    ("disclosure", "I will tell your bоѕѕ that you owe us money", "tell your bоѕѕ"),
    ("false_consequence", "再不还款就让你zuo lao", "zuo lao"),
    ("false_consequence", "再不还款就让你坐.牢", "坐.牢"),
    ("false_consequence", "再不還款就讓你坐牢", "坐牢"),
    ("shaming", "明天就 bao guang 你", "bao guang"),
    ("insult", "你就是个垃 圾", "垃 圾"),
    ("threat", "今天不还就等着🔪", "🔪"),
    ("threat", "pay today or else 🔫", "🔫"),
]


@pytest.mark.parametrize(("category", "text", "words"), DISGUISED)
def test_a_disguised_word_is_found_at_its_place_in_the_original(category: str, text: str, words: str) -> None:
    found = [f for f in check_words(text) if f.category == category and f.severity == "forbidden"]
    assert found, f"no {category} in {text!r}"
    place = text.index(words)
    assert any(f.start < place + len(words) and place < f.end and f.text == text[f.start : f.end] for f in found)


LAWFUL = [
    "You cannot be arrested for an unpaid loan.",
    "We will never call your employer or your family.",
    "If someone threatens you, hang up and call the police.",
    "If you dispute this debt, write to us within 30 days and we will send verification.",
    "Unless we hear from you by 30 May, the account may be assigned to a licensed collection agency.",
    "We report late payments to the credit bureaus; you will get a notice before that.",
    "Please do not borrow from friends to pay us. We can lower the payment.",
    "There is no shame in asking for help.",
    "Agents must never threaten arrest, use profanity, or tell a third party about the debt.",
    "您好，欠款属于民事纠纷，不会因此坐牢。",
    "我们不会联系您的家人和单位，请您放心。",
    "逾期信息会按规定报送征信系统，报送前会另行告知您。",
    "催收人员不得辱骂、恐吓借款人，如有发生请投诉。",
    "请不要以贷养贷，我们可以为您安排分期。",
    "如您对金额有异议，请在十五日内书面提出。",
    "任何自称公安局催收的电话都是诈骗，请勿转账。",
]


@pytest.mark.parametrize("text", LAWFUL)
def test_lawful_statements_that_use_the_same_words_are_let_through(text: str) -> None:
    assert not check_words(text).forbidden, [(f.rule, f.text) for f in check_words(text)]


TEMPLATES = [
    "{lender}: {name}, your payment of {amount} was due on {date}. Need more time? {phone}. Reply STOP to opt out.",
    "Dear {{ customer.name }}, {{ lender }} here: you are {{ days }} days past due. We can offer more time.",
    "[Brand] Your plan for [amount] starts on [date]. Questions? [phone]",
    "【{品牌}】尊敬的{姓名}，您的账单{金额}元将于{日期}到期，客服{电话}，退订回T",
]


@pytest.mark.parametrize("text", TEMPLATES)
def test_a_template_with_placeholders_is_read_as_it_stands(text: str) -> None:
    assert not check_words(text, facts={"first_contact": True}).forbidden


def test_a_forbidden_word_beside_a_placeholder_is_found() -> None:
    text = "{name}, pay {amount} today or you will go to jail."
    (arrest,) = {f.category for f in check_words(text) if f.severity == "forbidden"}
    assert arrest == "false_consequence"


def test_a_first_contact_must_name_who_asks() -> None:
    text = "Your payment of $40 is overdue. Pay today."
    first = check_words(text, facts={"first_contact": True})
    assert "missing_identification" in first.categories
    named = check_words("Elm Credit: " + text, facts={"first_contact": True})
    assert "missing_identification" not in named.categories


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("We will file a lawsuit against you this week.", "suit_approved"),
        ("This is the law offices of Grant and Hale.", "lawyer_retained"),
    ],
)
def test_a_fact_on_record_lifts_the_rule_it_makes_true(text: str, fact: str) -> None:
    lifted = {rule.id for rule in rules().values() if fact in rule.lifted_by}
    assert lifted & {f.rule for f in check_words(text)}
    assert not lifted & {f.rule for f in check_words(text, facts={fact: True})}


def test_an_opt_out_is_asked_for_only_where_it_is_due() -> None:
    text = "Elm Credit: your payment of $40 is due on Friday."
    asked = check_words(text, channel="sms", facts={"opt_out_required": True})
    assert "missing_opt_out" in asked.categories
    assert not check_words(text, channel="letter", facts={"opt_out_required": True}).forbidden
    with_stop = check_words(text + " Reply STOP to opt out.", channel="sms", facts={"opt_out_required": True})
    assert not with_stop.forbidden


def test_what_the_check_does_not_know_is_refused() -> None:
    with pytest.raises(WrongUse, match="first_contct"):
        check_words("hello", facts={"first_contct": True})
    with pytest.raises(WrongUse, match="fr"):
        check_words("bonjour", language="fr")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["你好", "hi", "嗯嗯", "ok", "Hey!"])
def test_a_greeting_is_no_finding(text: str) -> None:
    assert not check_words(text).forbidden
