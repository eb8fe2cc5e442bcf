"""A sound pack, and the ways in which it is broken for the tests of refusals: one line each."""

# ruff: noqa: E501

HEAD = """name: own
jurisdiction: own
title: {zh: 自己的, en: Our own}
tightens: null
zone: Asia/Shanghai
holidays: CN
"""

RULES = """rules:
  - id: A-HOURS
    title: {zh: 时段, en: Hours}
    instrument: Trial
    article: "1"
    source: own
    confidence: verified
    force: law
    actor: both
    in_force: {from: 2025-01-01}
    acts: [call]
    mechanism: hours
    parameters:
      - from: 2025-01-01
        open: "08:00"
        close: "22:00"
        zone: borrower
    except:
      fact: agreed_hours
      evidence: {zh: 记录, en: record}
    explanation:
      zh: 试
      en: trial
    examples:
      - name: at noon
        source: own
        at: "2026-03-02T12:00+08:00"
        act: {channel: call}
        facts: {time_zone: Asia/Shanghai}
        history:
          - {at: "2026-03-01T09:00+08:00", channel: call, result: conversation, repeat: 3, every: 60m}
        expect: allowed
  - id: A-FREQ
    title: {zh: 次数, en: Times}
    instrument: Trial
    source: own
    confidence: verified
    force: law
    in_force: {from: 2025-01-01, until: 2030-01-01}
    acts: [call]
    mechanism: frequency
    unit: person
    parameters:
      - from: 2025-01-01
        cap: 3
        count: conversation
        window: {days: 1}
        channels: [call]
      - from: 2026-01-01
        cap: 2
        count: conversation
        window: {hours: 24}
        channels: [call]
    explanation: {zh: 试, en: trial}
  - id: A-NEED
    title: {zh: 录音, en: Recorded}
    instrument: Trial
    source: own
    confidence: verified
    force: law
    in_force: {from: 2025-01-01}
    acts: [call]
    mechanism: need
    parameters:
      - {from: 2025-01-01, facts: [recorded], at_most: {annual_cost: 0.24}}
    explanation: {zh: 试, en: trial}
"""
NOTES = """notes:
  - fact: CN-SCOPE-01
    why: {zh: 无从判断, en: nothing to judge}
"""
SOUND = {"pack.yaml": HEAD, "rules.yaml": RULES, "notes.yaml": NOTES}

# what is broken: (name, file, what is replaced, by what, text that stands in the faulty line, reason)
BROKEN = [
    ("an unknown key of a rule", "rules.yaml", "    actor: both", "    actr: both", "actr", "Extra inputs"),
    ("an unknown key of parameters", "rules.yaml", "cap: 3", "cap: 3\n        capp: 4", "capp", "Extra inputs"),
    ("an unknown key of a window", "rules.yaml", "{days: 1}", "{dayz: 1}", "dayz", "Extra inputs"),
    ("an unknown key of the head", "pack.yaml", "holidays: CN", "holiday: CN", "holiday", "Extra inputs"),
    ("an unknown key of the file", "rules.yaml", "rules:\n", "law: 1\nrules:\n", "law", "one key, rules"),
    ("a date that is none", "rules.yaml", "until: 2030-01-01", "until: 2030-02-30", "2030-02-30", "2030-02-30"),
    ("a month that is none", "rules.yaml", "from: 2026-01-01", "from: 2026-13-01", "2026-13-01", "month"),
    ("a date as a word", "rules.yaml", "from: 2026-01-01", "from: soon", "soon", "date"),
    ("a date as a number", "rules.yaml", "from: 2026-01-01", "from: 20260101", "20260101", "2026-06-30"),
    ("an end before the start", "rules.yaml", "until: 2030-01-01", "until: 2024-01-01", "2024", "after from"),
    ("dates that fall", "rules.yaml", "from: 2026-01-01", "from: 2024-01-01", "A-FREQ", "must rise"),
    ("a late start", "rules.yaml", "from: 2025-01-01\n        open", "from: 2027-01-01\n        open", "A-HOURS", "starts after"),
    ("no title", "rules.yaml", "    title: {zh: 次数, en: Times}\n", "", "A-FREQ", "title: Field required"),
    ("no explanation", "rules.yaml", "    explanation: {zh: 试, en: trial}\n  - id: A-NEED", "  - id: A-NEED", "A-FREQ", "explanation: Field required"),
    ("no Chinese explanation", "rules.yaml", "      zh: 试\n", "", "explanation:", "explanation.zh: Field required"),
    ("an empty explanation", "rules.yaml", "      en: trial\n", '      en: "  "\n', 'en: "  "', "explanation.en"),
    ("no instrument", "rules.yaml", '    instrument: Trial\n    article: "1"\n', "", "A-HOURS", "instrument: Field required"),
    ("no source", "rules.yaml", '    article: "1"\n    source: own\n', "", "A-HOURS", "source: Field required"),
    ("no evidence for an exception", "rules.yaml", "      evidence: {zh: 记录, en: record}\n", "", "except:", "except.evidence"),
    ("an unknown mechanism", "rules.yaml", "mechanism: need", "mechanism: wish", "A-NEED", "'wish' is not one of"),
    ("no mechanism", "rules.yaml", "    mechanism: need\n", "", "A-NEED", "None is not one of"),
    ("a mechanism of the wrong type", "rules.yaml", "mechanism: need", "mechanism: [need]", "A-NEED", "is not one of"),
    ("parameters of another mechanism", "rules.yaml", "mechanism: need", "mechanism: forbid", "annual_cost", "at_most: Extra"),
    ("no parameters", "rules.yaml", "    parameters:\n      - {from: 2025-01-01, facts: [recorded], at_most: {annual_cost: 0.24}}\n", "", "A-NEED", "a list of entries"),
    ("parameters that are no list", "rules.yaml", "      - {from: 2025-01-01, facts", "      {from: 2025-01-01, facts", "A-NEED", "a list of entries"),
    ("an entry that is no mapping", "rules.yaml", "{from: 2025-01-01, facts: [recorded], at_most: {annual_cost: 0.24}}", "recorded", "- recorded", "dictionary"),
    ("parameters without a date", "rules.yaml", "{from: 2025-01-01, facts", "{facts", "facts: [recorded]", "from: Field required"),
    ("a cap as a word", "rules.yaml", "cap: 3", "cap: three", "cap: three", "integer"),
    ("a cap as text", "rules.yaml", "cap: 3", 'cap: "3"', "cap:", "integer"),
    ("a cap of half a call", "rules.yaml", "cap: 3", "cap: 2.5", "cap:", "integer"),
    ("a cap that is a truth value", "rules.yaml", "cap: 3", "cap: yes", "cap:", "integer"),
    ("a negative cap", "rules.yaml", "cap: 3", "cap: -1", "cap:", "greater than or equal"),
    ("an endless cap", "rules.yaml", "cap: 3", "cap: .inf", "cap:", "integer"),
    ("a cap nobody can write down", "rules.yaml", "cap: 3", "cap: " + "9" * 5000, "999", "not YAML"),
    ("a window of no days", "rules.yaml", "{days: 1}", "{days: 0}", "days: 0", "greater than 0"),
    ("a window of days and hours", "rules.yaml", "{days: 1}", "{days: 1, hours: 2}", "hours: 2", "either days or hours"),
    ("a window of neither", "rules.yaml", "{days: 1}", "{}", "{}", "either days or hours"),
    ("a rule that counts on no channel", "rules.yaml", "window: {days: 1}\n        channels: [call]", "window: {days: 1}\n        channels: []", "channels: []", "at least 1"),
    ("a rule that counts nobody", "rules.yaml", "window: {days: 1}", "window: {days: 1}\n        parties: []", "parties: []", "at least 1"),
    ("an unknown channel", "rules.yaml", "acts: [call]\n    mechanism: need", "acts: [pigeon]\n    mechanism: need", "pigeon", "Input should be"),
    ("a rule of no acts", "rules.yaml", "acts: [call]\n    mechanism: need", "acts: []\n    mechanism: need", "acts: []", "at least 1"),
    ("acts as one word", "rules.yaml", "acts: [call]\n    mechanism: need", "acts: call\n    mechanism: need", "acts: call", "valid tuple"),
    ("an unknown unit", "rules.yaml", "unit: person", "unit: household", "household", "Input should be"),
    ("an unknown force", "rules.yaml", "force: law\n    actor", "force: rumor\n    actor", "rumor", "Input should be"),
    ("an unknown confidence", "rules.yaml", "confidence: verified\n    force: law\n    actor", "confidence: sure\n    force: law\n    actor", "sure", "Input should be"),
    ("an unknown actor", "rules.yaml", "actor: both", "actor: nobody", "nobody", "Input should be"),
    ("an hour that is none", "rules.yaml", '"22:00"', '"25:00"', "25:00", "HH:MM"),
    ("an hour that YAML reads as a number", "rules.yaml", '"22:00"', "22:00", "close", "valid string"),
    ("hours that never end", "rules.yaml", '"22:00"', '"08:00"', "- from: 2025-01-01", "the same"),
    ("hours in no zone", "rules.yaml", "zone: borrower", "zone: Mars/Olympus", "Olympus", "not an IANA zone"),
    ("hours in a zone that is no place", "rules.yaml", "zone: borrower", "zone: UTC", "UTC", "not an IANA zone"),
    ("a bound that is no number", "rules.yaml", "annual_cost: 0.24", "annual_cost: .nan", ".nan", "finite number"),
    ("a bound that is a truth value", "rules.yaml", "annual_cost: 0.24", "annual_cost: true", "true", "number"),
    ("a fact with blanks in its name", "rules.yaml", "[recorded]", "[is recorded]", "is recorded", "pattern"),
    ("nothing needed", "rules.yaml", ", facts: [recorded], at_most: {annual_cost: 0.24}", "", "{from: 2025-01-01}", "at least one fact"),
    ("an id in small letters", "rules.yaml", "id: A-NEED", "id: a-need", "a-need", "pattern"),
    ("an id said twice", "rules.yaml", "id: A-NEED", "id: A-FREQ", "A-FREQ", "stands already in"),
    ("a key said twice", "rules.yaml", "    unit: person", "    unit: person\n    unit: debt", "unit: debt", "said twice"),
    ("a rule that is no mapping", "rules.yaml", "  - id: A-NEED", "  - just a text\n  - id: A-NEED", "just a text", "dictionary"),
    ("rules that are no list", "rules.yaml", RULES, "rules: none\n", "rules", "with a list"),
    ("an empty file of rules", "rules.yaml", RULES, "", "", "one key, rules"),
    ("a bracket left open", "rules.yaml", "acts: [call]\n    mechanism: need", "acts: [call\n    mechanism: need", "mechanism: need", "not YAML"),
    ("a quote left open", "rules.yaml", 'article: "1"', 'article: "1', "", "not YAML"),
    ("a tab", "rules.yaml", "    unit: person", "\tunit: person", "\tunit", "not YAML"),
    ("a wrong indent", "rules.yaml", "    unit: person", "      unit: person", "unit", "not YAML"),
    ("a control character", "rules.yaml", "unit: person", "unit: per\x07son", "per\x07son", "not YAML"),
    ("an alias to nothing", "rules.yaml", "unit: person", "unit: *nobody", "nobody", "not YAML"),
    ("an alias that contains itself", "rules.yaml", "    unit: person", "    unit: &loop [*loop]", "loop", "contains itself"),
    ("a key that is a list", "rules.yaml", "    unit: person", "    ? [a, b]\n    : person", "[a, b]", "must be a word"),
    ("an object of Python", "rules.yaml", "unit: person", "unit: !!python/object:os.system {}", "python", "not YAML"),
    ("a date by force", "rules.yaml", "from: 2026-01-01", "from: !!timestamp soon", "soon", "not YAML"),
    ("a truth by force", "rules.yaml", "unit: person", "unit: !!bool maybe", "maybe", "not YAML"),
    ("two documents", "rules.yaml", "  - id: A-NEED", "---\n  - id: A-NEED", "---", "not YAML"),
    ("deep nesting", "rules.yaml", RULES, "rules: " + "[" * 3000, "rules", "nested too deeply"),
    ("aliases that multiply", "rules.yaml", RULES, "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{n}: &{n} [{','.join([f'*{p}'] * 9)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)), "", "more than 500000"),
    ("an exception that is a word", "rules.yaml", "    except:\n      fact: agreed_hours\n      evidence: {zh: 记录, en: record}", "    except: agreed", "except", "Lifted"),
    ("a condition on a truth value", "rules.yaml", "    unit: person", "    when: {fact: bought, is: true}", "bought", "valid string"),
    ("an example without an answer", "rules.yaml", "        expect: allowed\n", "", "at noon", "expect: Field required"),
    ("an example with an unknown answer", "rules.yaml", "expect: allowed", "expect: maybe", "maybe", "Input should be"),
    ("an example without a zone", "rules.yaml", '"2026-03-02T12:00+08:00"', '"2026-03-02T12:00"', "2026-03-02T12:00", "no zone"),
    ("an example at no instant", "rules.yaml", '"2026-03-02T12:00+08:00"', "noon", "at: noon", "not an instant"),
    ("an example with an unknown key", "rules.yaml", "        facts: {time", "        fact: {time", "fact: {time", "Extra inputs"),
    ("an example on an unknown channel", "rules.yaml", "act: {channel: call}", "act: {channel: pigeon}", "at noon", "pigeon"),
    ("an example without a channel", "rules.yaml", "act: {channel: call}", "act: {}", "at noon", "channel"),
    ("an example whose act is a list", "rules.yaml", "act: {channel: call}", "act: [call]", "[call]", "dictionary"),
    ("an example without a source", "rules.yaml", "        source: own\n        at:", "        at:", "at noon", "source: Field required"),
    ("an example repeated for ever", "rules.yaml", "repeat: 3", "repeat: 999999999", "repeat", "less than"),
    ("an example every now and then", "rules.yaml", "every: 60m", "every: often", "often", "pattern"),
    ("history with an unknown key", "rules.yaml", "result: conversation", "outcome: conversation", "outcome", "Extra inputs"),
    ("an end of what is allowed", "rules.yaml", "expect: allowed", 'expect: allowed\n        until: "2026-03-03T08:00+08:00"', "at noon", "deferred alone"),
    ("the head is empty", "pack.yaml", HEAD, "", "", "PackHead"),
    ("the head is a list", "pack.yaml", HEAD, "- own\n", "- own", "PackHead"),
    ("a pack without a name", "pack.yaml", "name: own\n", "", "jurisdiction", "name: Field required"),
    ("a pack with blanks in its name", "pack.yaml", "name: own", "name: our own", "our own", "pattern"),
    ("a pack without a Chinese title", "pack.yaml", "{zh: 自己的, en: Our own}", "{en: Our own}", "Our own", "title.zh"),
    ("a pack in no zone", "pack.yaml", "Asia/Shanghai", "Asia/Atlantis", "Atlantis", "not an IANA zone"),
    ("holidays of no country", "pack.yaml", "holidays: CN", "holidays: Utopia", "Utopia", "no country"),
    ("tightens what is not there", "pack.yaml", "tightens: null", "tightens: nothing", "nothing", "no pack 'nothing'"),
    ("tightens itself", "pack.yaml", "tightens: null", "tightens: ../pack", "tightens", "tightens itself"),
    ("notes without a reason", "notes.yaml", "    why: {zh: 无从判断, en: nothing to judge}\n", "", "CN-SCOPE-01", "why: Field required"),
    ("notes of another form", "notes.yaml", NOTES, "CN-SCOPE-01: none\n", "CN-SCOPE-01", "Field required|Extra inputs"),
]  # fmt: skip
