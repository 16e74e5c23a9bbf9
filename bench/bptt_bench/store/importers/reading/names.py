"""Levels in the names of benchmarks, and names of factors that a law can use."""

from __future__ import annotations

import collections
import itertools
import keyword
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bptt_bench.plan.design import design
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.text.wording import printable

MOST_FACTOR_CHARACTERS = 40
TAKEN = design.TAKEN | {"repetition"}  # columns and functions of ours, which a factor must not be taken for
# no separate rules for whole numbers and fractions, and bounded counts: a name of a megabyte is read in linear time
NUMBER = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")
NAMED = r"(?P<key>[A-Za-z][A-Za-z0-9]{0,39})=(?P<level>[^\s,;_/=\[\](){}]{1,80})"
ALONE = r"(?<![A-Za-z0-9.+])(?P<alone>[0-9]{1,18}(?:\.[0-9]{1,17})?(?:[eE][+-]?[0-9]{1,3})?)(?![A-Za-z0-9.])"
PATTERN = re.compile(f"{NAMED}|{ALONE}")
EDGES = " -_/,:;([{="
MOST_LEVELS = 20  # in a name: one with more of them is a list of numbers, not a point
NEIGHBOURS = 16  # templates that commands are held against: more would make reading quadratic in hostile files


class ParsedName(NamedTuple):
    """A name without its levels, and these by factor."""

    subject: str
    levels: dict[str, str]


def parse_number(text: str) -> int | float | None:
    """Return the number that a text stands for; None if it is not a number.

    >>> parse_number("1000"), parse_number("1e-3"), parse_number("float32"), parse_number("1_000"), parse_number("inf")
    (1000, 0.001, None, None, None)
    """
    if NUMBER.fullmatch(text) is None:
        return None
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return None
    return int(text) if text.lstrip("+-").isdigit() else value


def factor_name(name: str) -> str:
    """Return a name that a law can use, as near to a given one as possible.

    >>> factor_name("n"), factor_name("num-threads"), factor_name("2nd"), factor_name("lambda"), factor_name("block")
    ('n', 'num_threads', 'p_2nd', 'lambda_', 'block_')
    >>> factor_name(""), factor_name("\\x1b[1m")
    ('p', 'p_1m')
    """
    word = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", printable(name, 400).replace("\\x1b", ""))).strip("_")
    if not word.isidentifier():
        word = f"p_{word}".strip("_")
    if not word.isidentifier():  # digits of other scripts, marks without a letter
        word = re.sub(r"[^0-9A-Za-z_]", "", word) or "p"
    if len(word) > MOST_FACTOR_CHARACTERS:
        word = printable(word, MOST_FACTOR_CHARACTERS).replace("…", "_")
    return f"{word}_" if keyword.iskeyword(word) or word in TAKEN or word.endswith(SECONDS_PER_EVAL) else word


def factor_names(names: Iterable[str]) -> dict[str, str]:
    """Return names that a law can use for each of some names, all of them different.

    >>> factor_names(["a-b", "a_b", "n"])
    {'a-b': 'a_b', 'a_b': 'a_b_2', 'n': 'n'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        word, number = factor_name(name), 2
        base = word
        while word in taken:
            word, number = f"{base}_{number}", number + 1
        found[name] = word
        taken.add(word)
    return found


def parse_names(names: Sequence[str]) -> list[ParsedName]:
    """Parse levels in names such as ``sort-1000`` or ``join_n=20_m=50``; constant numbers stay in the subject.

    Numbers without a name are ``arg0``, ``arg1`` in their order.

    >>> parse_names(["sort-1000", "sort-4000"])
    [ParsedName(subject='sort', levels={'arg0': '1000'}), ParsedName(subject='sort', levels={'arg0': '4000'})]
    >>> parse_names(["join_n=20_m=5", "sha_256"])
    [ParsedName(subject='join', levels={'n': '20', 'm': '5'}), ParsedName(subject='sha_256', levels={})]

    Names that are not alike never become one subject: where that would be, the places of the levels stay in it.

    >>> [one.subject for one in parse_names(["sort(1)", "sort(2)", "sort 1", "sort 2", "fd .", "fd . /"])]
    ['sort({arg0})', 'sort({arg0})', 'sort {arg0}', 'sort {arg0}', 'fd .', 'fd . /']
    """
    found = [list(itertools.islice(PATTERN.finditer(name), MOST_LEVELS + 1)) for name in names]
    found = [matches if len(matches) <= MOST_LEVELS else [] for matches in found]
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, (name, matches) in enumerate(zip(names, found, strict=True)):
        groups.setdefault(_frame_of(name, matches), []).append(i)
    kept: dict[int, list[re.Match[str]]] = {}
    for members in groups.values():
        kept |= _varying_matches(members, found)
    parsed = [_remove_levels(name, kept[i]) for i, name in enumerate(names)]
    alike = collections.Counter(parsed[members[0]].subject for members in groups.values())
    return [
        one if alike[one.subject] == 1 else ParsedName(_with_places(name, kept[i]), one.levels)
        for i, (name, one) in enumerate(zip(names, parsed, strict=True))
    ]


def _frame_of(name: str, matches: Sequence[re.Match[str]]) -> tuple[str, ...]:
    """Return what is left of a name around its levels, with the names of these."""
    ends = [0, *(match.end() for match in matches)]
    starts = [*(match.start() for match in matches), len(name)]
    keys = [match["key"] or "" for match in matches]
    return (*(name[end:start] for end, start in zip(ends, starts, strict=True)), *keys)


def _varying_matches(
    members: Sequence[int], found: Sequence[Sequence[re.Match[str]]]
) -> dict[int, list[re.Match[str]]]:
    """Return the matches that are levels, by name: those with a key, and numbers that differ in the group."""
    columns = zip(*(found[i] for i in members), strict=True)
    differ = [len({match.group() for match in column}) > 1 for column in columns]
    return {
        i: [match for match, varies in zip(found[i], differ, strict=True) if varies or match["key"]] for i in members
    }


def _remove_levels(name: str, matches: Sequence[re.Match[str]]) -> ParsedName:
    """Return a name without its levels and the separators at their edges; a name without levels stays unchanged.

    >>> names = ("f(n=3, m=4)", "[a]*1000", "(fd .", "10-x")
    >>> [_remove_levels(name, list(PATTERN.finditer(name))).subject for name in names]
    ['f', '[a]*', '(fd .', 'x']
    """
    levels = _levels_of(matches)
    pieces, end, opened = [], 0, 0
    for match in matches:
        before = name[end : match.start()]
        pieces.append(before.rstrip(EDGES))
        opened += sum(c in "([{" for c in before[len(pieces[-1]) :])
        end = match.end()
        while opened and end < len(name) and name[end] in ")]}":
            end, opened = end + 1, opened - 1
    rest = "".join((*pieces, name[end:]))
    return ParsedName((rest if not pieces or pieces[0] else rest.lstrip(EDGES)) or name[:1], levels)


def _levels_of(matches: Sequence[re.Match[str]]) -> dict[str, str]:
    """Return the levels by name; those without one by their place."""
    levels: dict[str, str] = {}
    for place, match in zip(_places(matches), matches, strict=True):
        levels.setdefault(place, match["level"] or match["alone"])
    return levels


def _with_places(name: str, matches: Sequence[re.Match[str]]) -> str:
    """Return a name with the places of its levels in braces instead of these."""
    pieces, end = [], 0
    for match, place in zip(matches, _places(matches), strict=True):
        pieces += [name[end : match.start()], f"{match['key']}=" if match["key"] else "", f"{{{place}}}"]
        end = match.end()
    return "".join((*pieces, name[end:]))


def _places(matches: Sequence[re.Match[str]]) -> list[str]:
    unnamed = itertools.count()
    return [match["key"] or f"arg{next(unnamed)}" for match in matches]


def command_templates(commands: Sequence[str], levels: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return each command with the names of its parameters for their levels, so that all points of one are alike.

    A level is looked for as a word and within words, and may be there by chance: what is right for most points decides.

    >>> command_templates(["seq 10 10", "seq 10 20"], [{"n": "10", "m": "10"}, {"n": "10", "m": "20"}])
    ['seq {n} {m}', 'seq {n} {m}']
    >>> command_templates(["sort -k2 f2.txt", "sort -k2 f4.txt"], [{"n": "2"}, {"n": "4"}])
    ['sort -k2 f{n}.txt', 'sort -k2 f{n}.txt']
    """
    texts = [{name: str(value) for name, value in one.items()} for one in levels]
    own = [_replace_levels(command, values) for command, values in zip(commands, texts, strict=True)]
    offered: collections.Counter[tuple[frozenset[str], str]] = collections.Counter()
    for command, values, as_words in zip(commands, texts, own, strict=True):
        given = list(filter(None, values.values()))
        if len(set(given)) == len(given):  # else two parameters have one level, and nothing here says which is which
            within = _replace_levels(command, values, within_words=True) if len(values) <= MOST_LEVELS else as_words
            offered.update([(frozenset(values), template) for template in dict.fromkeys((as_words, within))])
    points = list(zip(commands, texts, strict=True))
    candidates = []
    for (names, template), _ in offered.most_common(NEIGHBOURS):
        pieces = _pieces(template, names)
        if len(pieces) <= 2 * MOST_LEVELS + 1:
            fits = [names == values.keys() and _fill(pieces, values) == command for command, values in points]
            candidates.append((template, fits))
    candidates.sort(key=lambda candidate: -sum(candidate[1]))
    return [next((template for template, fits in candidates if fits[i]), as_words) for i, as_words in enumerate(own)]


def _replace_levels(command: str, values: Mapping[str, str], *, within_words: bool = False) -> str:
    """Return a command with the names of its levels; within words at most one more than a template can have."""
    names = {value: name for name, value in reversed(list(values.items())) if value}
    if not names:
        return command
    longest_first = sorted(names, key=len, reverse=True)
    either = "|".join(map(re.escape, longest_first))
    pattern, most = (f"(?:{either})", MOST_LEVELS + 1) if within_words else (rf"(?<![\w.])(?:{either})(?![\w.])", 0)
    return re.sub(pattern, lambda match: f"{{{names[match.group()]}}}", command, count=most)


def _pieces(template: str, names: Iterable[str]) -> list[str]:
    """Return the pieces between the names in a template, and the names in their places: every other one."""
    either = "|".join(map(re.escape, names))
    return re.split(rf"\{{({either})\}}", template) if either else [template]


def _fill(pieces: Sequence[str], values: Mapping[str, str]) -> str:
    return "".join(values[piece] if i % 2 else piece for i, piece in enumerate(pieces))
