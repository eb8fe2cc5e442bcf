"""What packs enforce, as tables of Markdown that a compliance officer reads, by subject.

A rule's subject is the file it stands in. `docs/compliance.md` and its Chinese twin hold these tables between marks
(`<!-- rules: cn -->` to `<!-- end -->`); `python -m forbear.conduct.listing FILE...` writes them anew after a pack
was changed, and a test holds pages and packs equal. What a table means is told by the page around it.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from forbear.conduct.explaining import cited
from forbear.conduct.rules import Rule
from forbear.conduct.stack import Pack, Packs, load_packs

SUBJECTS: dict[str, tuple[str, str]] = {
    "time": ("时段", "Hours"),
    "frequency": ("频次", "How often"),
    "party": ("联系谁", "Who may be contacted"),
    "identity": ("表明身份", "Who is speaking"),
    "conduct": ("言行", "Conduct"),
    "content": ("内容", "Content"),
    "visit": ("上门", "Visits"),
    "states": ("特殊状态", "People in trouble, in dispute, or not ours to contact"),
    "records": ("录音与留存", "Records"),
    "agents": ("委外机构", "Agencies"),
    "automation": ("自动化决策", "Automated decisions"),
    "privacy": ("个人信息", "Personal information"),
    "cost": ("利率与综合成本", "Interest and all-in cost"),
    "fees": ("费用", "Fees"),
    "bureau": ("征信", "Credit reporting"),
    "assignment": ("债权转让", "Assignment"),
    "relief": ("展期与还款方案", "Extensions and plans"),
    "timebar": ("诉讼时效", "Limitation"),
    "litigation": ("诉讼与执行", "Courts"),
    "steps": ("重大步骤之前", "Before the heavy steps"),
}
"""What each file of rules is about; a file not named here is told by its own name."""

HEADS = {
    "zh": ("规则", "内容", "出处", "生效", "效力", "把握"),
    "en": ("rule", "what", "instrument, article", "in force", "force", "certainty"),
}
FORCES = {
    "zh": {
        "law": "法律法规",
        "rule": "部门规章、规范性文件",
        "standard": "国家标准",
        "self_regulation": "行业自律",
        "policy": "机构政策",
    },
    "en": {"self_regulation": "self-regulation"},
}
CERTAINTIES = {
    "zh": {"verified": "已见原文", "secondary": "转述，从严", "from_memory": "凭记忆，从严", "policy": "政策"},
    "en": {
        "verified": "text seen",
        "secondary": "second hand, read strictly",
        "from_memory": "from memory, read strictly",
    },
}
MARKED = re.compile(r"(<!-- (rules|unverified): ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def tables(pack: Pack, language: str) -> str:
    """A table for each subject of one pack, without the packs below it."""
    return "\n\n".join(
        f"**{_subject(name, language)}**\n\n{_table(rules, language)}" for name, rules in _by_subject(pack)
    )


def unverified(pack: Pack, language: str) -> str:
    """The rules of one pack whose own text was not seen, each with the source it was found in."""
    rules = [
        rule for _, held in _by_subject(pack) for rule in held if rule.confidence in ("secondary", "from_memory")
    ]
    head = ("规则", "把握", "见于") if language == "zh" else ("rule", "certainty", "found in")
    return _rows(head, ((rule.id, _certainty(rule, language), rule.source) for rule in rules))


def rewritten(page: str, language: str) -> str:
    """`page` with every marked table made from the shipped packs."""

    def made(mark: re.Match[str]) -> str:
        pack = _own(load_packs([mark[3]]), mark[3])
        said = tables(pack, language) if mark[2] == "rules" else unverified(pack, language)
        return f"{mark[1]}\n{said}\n\n{mark[4]}"

    return MARKED.sub(made, page)


def language_of(file: Path) -> str:
    """The language of a page, by its name: `compliance.zh.md` is Chinese."""
    return "zh" if file.name.endswith(".zh.md") else "en"


def _own(packs: Packs, name: str) -> Pack:
    return next(pack for pack in packs.packs if pack.name == name)


def _by_subject(pack: Pack) -> list[tuple[str, list[Rule]]]:
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in pack.rules:
        found[Path(pack.places[rule.id].partition(", line")[0]).stem].append(rule)
    order = list(SUBJECTS)
    return sorted(
        found.items(), key=lambda item: (order.index(item[0]) if item[0] in order else len(order), item[0])
    )


def _subject(name: str, language: str) -> str:
    return SUBJECTS.get(name, (name, name))[language != "zh"]


def _table(rules: Iterable[Rule], language: str) -> str:
    return _rows(HEADS[language], (_row(rule, language) for rule in rules))


def _row(rule: Rule, language: str) -> tuple[str, ...]:
    title = rule.title.zh if language == "zh" else rule.title.en
    force = FORCES[language].get(rule.force.value, rule.force.value)
    return rule.id, title, cited(rule, language), _span(rule), force, _certainty(rule, language)


def _span(rule: Rule) -> str:
    begins, ends = rule.in_force.from_, rule.in_force.until
    return f"{begins or ''} – {ends}" if ends else f"{begins or ''}"


def _certainty(rule: Rule, language: str) -> str:
    return CERTAINTIES[language].get(rule.confidence, rule.confidence)


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def main(files: Iterable[str]) -> None:
    """Write the marked tables of the pages anew."""
    for name in files:
        file = Path(name)
        file.write_text(rewritten(file.read_text(encoding="utf-8"), language_of(file)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
