"""Search terms of machines: runs of characters for `search`, and labels.

Firestore can find documents by any number of equal values, but not by substrings. So each machine's document
has a set of terms. A query is a few alternatives, and a machine matches if it has all terms of one of them. A
run is a sequence of consecutive characters. Results are exact, mostly without verification:

- A text has all its runs of up to some length as terms, so a short part is one term.
- A longer part is covered by runs, each of which overlaps the one before. If no run of the overlap's length
  occurs twice in the text, each run determines the position of the next. So the text contains the whole part.
- If one does occur twice, the text uses longer runs with a longer overlap (`LEVELS`).
- A part of more than `MAX_RUN_LENGTH` characters is covered by runs of that length, which longer texts have
  in addition. Only if an overlap of these occurs twice in the text must the machine be verified.

For the costs, see docs/decisions/0006-search.md.
"""

from collections.abc import Iterator
from hashlib import blake2b
from operator import add

from shared.pb.inventory.v1.machine_pb2 import Machine

# The lengths of runs, and of the overlaps that must be distinct. On the last level, one run covers the whole
# part if that is not longer than the run.
LEVELS = ((5, 3), (10, 6), (48, 48))
MAX_RUN_LENGTH = LEVELS[-1][0]
# How longer parts are covered, and the marks of a text's runs: whether all its overlaps are distinct.
_LONG = (MAX_RUN_LENGTH, MAX_RUN_LENGTH // 2)
_DISTINCT, _REPEATED = 3, 4
# Runs up to this length are terms of the whole machine. Terms of longer runs also name the text and level.
_SHORT = 4
# Longer runs are stored as digests, because a text can have thousands of them.
_SPELLED = 16

_ID_CHARACTERS = frozenset("0123456789abcdef-")
_ID_LENGTH = 36

Terms = tuple[str, ...]
Prefixed = tuple[str, list[str]]
"""Terms of equal length with a common prefix: the prefix, and the suffix of each term."""


def terms(machine: Machine) -> list[str]:
    """Return a machine's search terms; some occur more than once."""
    return [prefix + suffix for prefix, suffixes in prefixed_terms(machine) for suffix in suffixes]


def prefixed_terms(machine: Machine) -> list[Prefixed]:
    """Return the same terms grouped by prefix, which is faster: every registration needs them."""
    prefix = _organization_prefix(machine.organization_id)
    found = [(_key_term(prefix, key), [""]) for key in machine.labels]
    found += [(_label_term(prefix, key, value), [""]) for key, value in machine.labels.items()]
    for text, content in _texts(machine):
        found += _runs_of(prefix, text, content)
    return found


def label_set(machine: Machine) -> str:
    """Return the name of a machine's set of label keys; machines with equal sets have the same name."""
    return blake2b(",".join(sorted(machine.labels)).encode(), digest_size=9).hexdigest()


def containing(organization_id: str, part: str) -> list[Terms]:
    """Return a query for machines whose id, name or hostname contains a part, without regard to case.

    Args:
        organization_id: the organization that owns the machines.
        part: what `fold` returned, not empty.

    Returns:
        The alternatives. For a part of more than `MAX_RUN_LENGTH` characters, `candidates` returns more.
    """
    prefix = _organization_prefix(organization_id)
    if len(part) <= _SHORT:
        return [(f"{prefix}r{part}",)]
    if len(part) > MAX_RUN_LENGTH:
        return [_covering(prefix + text, _DISTINCT, part, _LONG) for text in "nh"]
    texts = "inh" if len(part) <= _ID_LENGTH and _ID_CHARACTERS.issuperset(part) else "nh"
    return [
        _covering(prefix + text, level, part, lengths)
        for text in texts
        for level, lengths in enumerate(LEVELS)
    ]


def candidates(organization_id: str, part: str) -> list[Terms]:
    """Return a query for machines that may contain a long part, which `verify` must check.

    Returns:
        The alternatives; none for a part of up to `MAX_RUN_LENGTH` characters.
    """
    prefix = _organization_prefix(organization_id)
    if len(part) <= MAX_RUN_LENGTH:
        return []
    return [_covering(prefix + text, _REPEATED, part, _LONG) for text in "nh"]


def verify(name: str, hostname: str, part: str) -> bool:
    """Return whether a candidate contains a long part, and `containing` does not find it already."""
    found = {_mark(content) for _, content in _searched(fold(name), fold(hostname)) if part in content}
    return found == {_REPEATED}


def label_terms(organization_id: str, key: str, value: str | None) -> Terms:
    """Return the terms of an organization's machines with a label; None is any value."""
    prefix = _organization_prefix(organization_id)
    return (_key_term(prefix, key),) if value is None else (_label_term(prefix, key, value),)


def fold(text: str) -> str:
    """Fold the case of a text, so that texts are equal if they differ only in case (Unicode's default)."""
    return text.casefold()


def _texts(machine: Machine) -> Iterator[tuple[str, str]]:
    yield "i", machine.id
    yield from _searched(fold(machine.name), fold(machine.hostname))


def _searched(name: str, hostname: str) -> Iterator[tuple[str, str]]:
    """Yield the texts that have runs; a name that the hostname contains needs no runs of its own."""
    yield "h", hostname
    if name not in hostname:
        yield "n", name


def _runs_of(prefix: str, text: str, content: str) -> list[Prefixed]:
    level, runs = _level_and_runs(content)
    found = [(f"{prefix}r", some) for some in runs[:_SHORT]]
    found += [
        (f"{prefix}{text}{level}", some if length <= _SPELLED else list(map(_digest, some)))
        for length, some in enumerate(runs[_SHORT:], _SHORT + 1)
    ]
    if len(content) > MAX_RUN_LENGTH:
        longest = list(map(_digest, _runs(content, MAX_RUN_LENGTH)))
        found.append((f"{prefix}{text}{_mark(content)}", longest))
    return found


def _level_and_runs(content: str) -> tuple[int, list[list[str]]]:
    """Return the level that a text needs, and its runs of one character, of two, and so on."""
    runs = [list(content)]
    for level, (longest, overlap) in enumerate(LEVELS):
        while len(runs) < longest:
            runs.append(list(map(add, runs[-1], content[len(runs) :])))  # each run with the next character
        if _are_distinct(runs[overlap - 1]):
            return level, runs
    return level, runs  # the last level suits every text, because longer parts use other runs


def _mark(content: str) -> int:
    return _DISTINCT if _are_distinct(_runs(content, _LONG[1])) else _REPEATED


def _are_distinct(runs: list[str]) -> bool:
    return len(runs) == len(set(runs))


def _covering(text: str, level: int, part: str, lengths: tuple[int, int]) -> Terms:
    """Cover a part with runs that overlap enough; the last run ends where the part ends."""
    length, overlap = lengths
    if len(part) <= length:
        return (_run_term(text, level, part),)
    last = len(part) - length
    starts = [*range(0, last, length - overlap), last]
    return tuple(_run_term(text, level, part[start : start + length]) for start in starts)


def _runs(content: str, length: int) -> list[str]:
    return [content[start : start + length] for start in range(len(content) - length + 1)]


def _organization_prefix(organization_id: str) -> str:
    """Return the prefix of an organization's terms.

    Ids of the same minute have runs in common that no other ids have. Without the prefix, the index entries
    for these runs would be in one place for the machines of all organizations.
    """
    return blake2b(organization_id.encode()).hexdigest()[:3]


# After the prefix, each kind of term has its own letter.


def _run_term(text: str, level: int, run: str) -> str:
    return f"{text}{level}{run if len(run) <= _SPELLED else _digest(run)}"


def _digest(run: str) -> str:
    return "#" + blake2b(run.encode(), digest_size=9).hexdigest()


def _key_term(prefix: str, key: str) -> str:
    return f"{prefix}k{key}"


def _label_term(prefix: str, key: str, value: str) -> str:
    return f"{prefix}l{key}={value}"
