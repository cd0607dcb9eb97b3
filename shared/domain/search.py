"""The terms by which machines are found: runs of characters for `search`, and labels.

Firestore finds equal values, and documents that have several of them; it knows no substrings. So each machine
is written with a set of terms, and a question is a few alternatives: a machine that has all the terms of one
of them matches. The answer is exact, with nothing to look at again afterwards, for this reason:

- A text has all its runs of up to some length as terms, so one term decides about a short part.
- A longer part is asked for by runs that cover it, each overlapping the one before. If no run of the
  overlap's length occurs in the text twice, then each run fixes the place of the next, and the part is there
  as a whole.
- Where one does occur twice, the text goes by longer runs, with a longer overlap (`LEVELS`).

What it costs is in docs/decisions/0006-search.md.
"""

from collections.abc import Iterator
from hashlib import blake2b
from operator import add

from shared.pb.inventory.v1.machine_pb2 import Machine

# The lengths of runs, and of the overlaps that must be distinct; on the last level a run holds any part whole
# that may be asked for.
LEVELS = ((5, 3), (10, 6), (48, 48))
LONGEST_PART = LEVELS[-1][0]
# Runs up to this length are terms of the machine: those of a longer one tell the text and its level too.
_SHORT = 4
# A longer run is told by its digest: what is stored must stay small where a text has thousands of them.
_SPELLED = 16

_ID_CHARACTERS = frozenset("0123456789abcdef-")

Terms = tuple[str, ...]


def terms(machine: Machine) -> list[str]:
    """List the terms by which a machine is found, some of them more than once."""
    own = _own(machine.organization_id)
    found = [_has_key(own, key) for key in machine.labels]
    found += [_has_label(own, key, value) for key, value in machine.labels.items()]
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
        part: 1 to `LONGEST_PART` characters, as `fold` gives them.

    Returns:
        The alternatives.
    """
    own = _own(organization_id)
    if len(part) <= _SHORT:
        return [(f"{own}r{part}",)]
    texts = "inh" if _ID_CHARACTERS.issuperset(part) else "nh"
    return [_covering(own + text, level, part) for text in texts for level in range(len(LEVELS))]


def has_label(organization_id: str, key: str, value: str | None) -> Terms:
    """Ask for an organization's machines with a label, of any value where none is given."""
    own = _own(organization_id)
    return (_has_key(own, key),) if value is None else (_has_label(own, key, value),)


def fold(text: str) -> str:
    """Make texts that differ only in case the same (Unicode's default caseless matching)."""
    return text.casefold()


def _texts(machine: Machine) -> Iterator[tuple[str, str]]:
    """Give the texts of a machine; a name that is a part of the hostname is found by that already."""
    name, hostname = fold(machine.name), fold(machine.hostname)
    yield "i", machine.id
    yield "h", hostname
    if name not in hostname:
        yield "n", name


def _runs_of(own: str, text: str, content: str) -> list[str]:
    level = next(level for level, (_, overlap) in enumerate(LEVELS) if _are_distinct(content, overlap))
    longest = LEVELS[level][0]
    found = _spelled(f"{own}r", content, range(1, _SHORT + 1))
    found += _spelled(f"{own}{text}{level}", content, range(_SHORT + 1, min(longest, _SPELLED) + 1))
    for length in range(_SPELLED + 1, longest + 1):
        found += [_long(own + text, level, run) for run in _runs(content, length)]
    return found


def _spelled(mark: str, content: str, lengths: range) -> list[str]:
    """Mark runs, each made of a shorter one and a character: this is on every registration's path."""
    found = []
    runs = [mark + run for run in _runs(content, lengths.start)]
    for length in lengths:
        found += runs
        runs = list(map(add, runs, content[length:]))
    return found


def _are_distinct(content: str, length: int) -> bool:
    if length == LONGEST_PART:
        return True  # no part is longer, and so none needs two runs
    runs = _runs(content, length)
    return len(runs) == len(set(runs))


def _covering(text: str, level: int, part: str) -> Terms:
    """Cover a part with runs that overlap enough; the last one ends where it ends."""
    length, overlap = LEVELS[level]
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
    spelled = run if len(run) <= _SPELLED else "#" + blake2b(run.encode(), digest_size=9).hexdigest()
    return f"{text}{level}{spelled}"


def _has_key(own: str, key: str) -> str:
    return f"{own}k{key}"


def _has_label(own: str, key: str, value: str) -> str:
    return f"{own}l{key}={value}"
