"""The terms by which machines are found: runs of characters for `search`, and labels.

Firestore finds equal values, and documents that have several of them; it knows no substrings. So each machine
is written with a set of terms, and a question is a few alternatives: a machine that has all the terms of one
of them matches. The answer is exact, with nothing to verify afterwards, for this reason:

- A text has all its runs of up to some length as terms, so one term decides about a short part.
- A longer part is asked for by runs that cover it, each overlapping the one before. If no run of the
  overlap's length occurs in the text twice, then each run fixes the place of the next, and the part is there
  as a whole.
- Where one does occur twice, the text goes by longer runs, with a longer overlap (`LEVELS`).
- A part of more than `LONGEST_RUN` characters is asked for by runs of that length, which longer texts have
  beside the others. Where an overlap of them occurs twice, and only there, the machine must be verified.

What it costs is in docs/decisions/0006-search.md.
"""

from collections.abc import Iterator
from hashlib import blake2b

from shared.pb.inventory.v1.machine_pb2 import Machine

# The lengths of runs, and of the overlaps that must be distinct; on the last level a run holds any part whole
# that is not longer than it.
LEVELS = ((5, 3), (10, 6), (48, 48))
LONGEST_RUN = LEVELS[-1][0]
# How longer parts are covered, and how a text's runs are marked for that: whether its overlaps are distinct.
_LONG = (LONGEST_RUN, LONGEST_RUN // 2)
_DISTINCT, _REPEATED = 3, 4
# Runs up to this length are terms of the machine: those of a longer one tell the text and its level too.
_SHORT = 4
# A longer run is told by its digest: what is stored must stay small where a text has thousands of them.
_SPELLED = 16

_ID_CHARACTERS = frozenset("0123456789abcdef-")
_ID_LENGTH = 36

Terms = tuple[str, ...]
Prefixed = tuple[str, list[str]]
"""Terms of one length: the prefix of all of them, and the suffix of each."""


def terms(machine: Machine) -> list[str]:
    """List the terms by which a machine is found, some of them more than once."""
    return [prefix + suffix for prefix, suffixes in prefixed_terms(machine) for suffix in suffixes]


def prefixed_terms(machine: Machine) -> list[Prefixed]:
    """List the same terms by their prefixes: this is on every registration's path."""
    own = _own(machine.organization_id)
    found = [(_key_term(own, key), [""]) for key in machine.labels]
    found += [(_label_term(own, key, value), [""]) for key, value in machine.labels.items()]
    for text, content in _texts(machine):
        found += _runs_of(own, text, content)
    return found


def label_set(machine: Machine) -> str:
    """Name the set of a machine's label keys: the same for all machines that have just these."""
    return blake2b(",".join(sorted(machine.labels)).encode(), digest_size=9).hexdigest()


def containing(organization_id: str, part: str) -> list[Terms]:
    """Ask for machines whose id, name or hostname contains a part, in any case.

    Args:
        organization_id: whose machines.
        part: not empty, as `fold` gives it.

    Returns:
        The alternatives. With a part of more than `LONGEST_RUN` characters, `candidates` has others.
    """
    own = _own(organization_id)
    if len(part) <= _SHORT:
        return [(f"{own}r{part}",)]
    if len(part) > LONGEST_RUN:
        return [_covering(own + text, _DISTINCT, part, _LONG) for text in "nh"]
    texts = "inh" if len(part) <= _ID_LENGTH and _ID_CHARACTERS.issuperset(part) else "nh"
    return [
        _covering(own + text, level, part, lengths) for text in texts for level, lengths in enumerate(LEVELS)
    ]


def candidates(organization_id: str, part: str) -> list[Terms]:
    """Ask for machines of which only `verify` can tell whether they contain a long part.

    Returns:
        The alternatives; none for a part of up to `LONGEST_RUN` characters.
    """
    own = _own(organization_id)
    if len(part) <= LONGEST_RUN:
        return []
    return [_covering(own + text, _REPEATED, part, _LONG) for text in "nh"]


def verify(name: str, hostname: str, part: str) -> bool:
    """Tell whether a candidate contains a long part, and is not found by `containing` for that."""
    found = {_mark(content) for _, content in _searched(fold(name), fold(hostname)) if part in content}
    return found == {_REPEATED}


def has_label(organization_id: str, key: str, value: str | None) -> Terms:
    """Ask for an organization's machines with a label, of any value where none is given."""
    own = _own(organization_id)
    return (_key_term(own, key),) if value is None else (_label_term(own, key, value),)


def fold(text: str) -> str:
    """Make texts that differ only in case the same (Unicode's default caseless matching)."""
    return text.casefold()


def _texts(machine: Machine) -> Iterator[tuple[str, str]]:
    yield "i", machine.id
    yield from _searched(fold(machine.name), fold(machine.hostname))


def _searched(name: str, hostname: str) -> Iterator[tuple[str, str]]:
    """Give the texts that have runs; a name that is a part of the hostname is found by that already."""
    yield "h", hostname
    if name not in hostname:
        yield "n", name


def _runs_of(own: str, text: str, content: str) -> list[Prefixed]:
    level = next(level for level, (_, overlap) in enumerate(LEVELS) if _are_distinct(content, overlap))
    longest = LEVELS[level][0]
    found = [(f"{own}r", _runs(content, length)) for length in range(1, _SHORT + 1)]
    found += [
        (f"{own}{text}{level}", _terms_of(content, length)) for length in range(_SHORT + 1, longest + 1)
    ]
    if len(content) > LONGEST_RUN:
        found.append((f"{own}{text}{_mark(content)}", _terms_of(content, LONGEST_RUN)))
    return found


def _terms_of(content: str, length: int) -> list[str]:
    runs = _runs(content, length)
    return runs if length <= _SPELLED else list(map(_digest, runs))


def _mark(content: str) -> int:
    return _DISTINCT if _are_distinct(content, _LONG[1]) else _REPEATED


def _are_distinct(content: str, length: int) -> bool:
    if length == LONGEST_RUN:
        return True  # what is longer goes by other runs
    runs = _runs(content, length)
    return len(runs) == len(set(runs))


def _covering(text: str, level: int, part: str, lengths: tuple[int, int]) -> Terms:
    """Cover a part with runs that overlap enough; the last one ends where it ends."""
    length, overlap = lengths
    if len(part) <= length:
        return (_long(text, level, part),)
    last = len(part) - length
    starts = [*range(0, last, length - overlap), last]
    return tuple(_long(text, level, part[start : start + length]) for start in starts)


def _runs(content: str, length: int) -> list[str]:
    return [content[start : start + length] for start in range(len(content) - length + 1)]


def _own(organization_id: str) -> str:
    """Make what the terms of an organization begin with.

    Ids that are made at one time have runs in common that no others have: without it, the machines that all
    organizations register in a minute would have their terms' index entries in one place.
    """
    return blake2b(organization_id.encode()).hexdigest()[:3]


# Terms of different kinds go on with different letters.


def _long(text: str, level: int, run: str) -> str:
    return f"{text}{level}{run if len(run) <= _SPELLED else _digest(run)}"


def _digest(run: str) -> str:
    return "#" + blake2b(run.encode(), digest_size=9).hexdigest()


def _key_term(own: str, key: str) -> str:
    return f"{own}k{key}"


def _label_term(own: str, key: str, value: str) -> str:
    return f"{own}l{key}={value}"
