"""The terms of a machine find exactly the parts of its id, name and hostname."""

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.machines.machine_size import MAX_TERMS, require_storable
from shared.domain import search
from shared.domain.errors import Invalid
from shared.pb.inventory.v1.machine_pb2 import Machine

ID = "018c7dbd-c000-7000-8000-fedcba987654"
FIRESTORE_ENTRIES = 40_000

# Few characters, so that runs repeat, and some parts almost match.
texts = st.text(alphabet="ab-", max_size=60) | st.text(alphabet="aA1\u017f\u00df", max_size=20)
parts = st.text(alphabet="ab-", min_size=1, max_size=search.MAX_RUN_LENGTH)

# Longer texts from longer pieces, only some of which repeat.
pieces = st.sampled_from(["0123456789", "abcdefghijklm", "nopqrstuvwxyz.", "a", "b"])
long_texts = st.lists(pieces, max_size=12).map("".join)


def _finds(machine: Machine, part: str) -> bool:
    held = set(search.terms(machine))
    folded = search.fold(part)
    found = any(held.issuperset(wanted) for wanted in search.containing(machine.organization_id, folded))
    is_candidate = any(
        held.issuperset(wanted) for wanted in search.candidates(machine.organization_id, folded)
    )
    verified = is_candidate and search.verify(machine.name, machine.hostname, folded)
    assert not (found and verified), "it would be in the list twice"
    return found or verified


def _contains(machine: Machine, part: str) -> bool:
    folded = search.fold(part)
    return any(folded in search.fold(text) for text in (machine.id, machine.name, machine.hostname))


@given(name=texts, hostname=texts, part=parts)
@example(name="rack-01-node-01", hostname="", part="k-01-node-")
@example(name="abcde", hostname="cdefgh", part="bcdefg")
def test_a_part_is_found_where_it_is_and_nowhere_else(name: str, hostname: str, part: str) -> None:
    machine = Machine(id=ID, name=name, hostname=hostname)

    assert _contains(machine, part) == _finds(machine, part)


@given(name=long_texts, hostname=long_texts, part=long_texts.filter(bool), data=st.data())
def test_a_long_part_is_found_where_it_is_and_nowhere_else(
    name: str, hostname: str, part: str, data: st.DataObject
) -> None:
    machine = Machine(id=ID, name=name, hostname=hostname)
    text = data.draw(st.sampled_from([name, hostname, hostname + name, part]))
    start = data.draw(st.integers(0, 20))

    for searched in (part, text[start : start + 60], text):
        if searched:
            assert _contains(machine, searched) == _finds(machine, searched)


def test_a_name_in_a_hostname_that_repeats_itself_is_found() -> None:
    hostname = "0123456789abcdefghijklmnopqrstuvwxyz.0123456789abcdefghijklmnopqrstuvwxyz"
    name = hostname[:60]

    assert _finds(Machine(id=ID, name=name, hostname=hostname), name)
    assert _finds(Machine(id=ID, name=hostname, hostname=name), name)


@given(st.data(), texts.filter(bool))
def test_every_part_of_a_name_finds_it_in_any_case(data: st.DataObject, name: str) -> None:
    start = data.draw(st.integers(0, len(name) - 1))
    end = data.draw(st.integers(start + 1, len(name)))
    part = name[start:end]
    assert _finds(Machine(id=ID, name=name), data.draw(st.sampled_from([part, part.upper(), part.lower()])))


@given(st.uuids(), st.uuids(), st.data())
def test_a_part_of_an_id_finds_the_machines_that_have_it(
    machine_id: object, other: object, data: st.DataObject
) -> None:
    text = str(machine_id)
    start = data.draw(st.integers(0, 35))
    part = text[start : data.draw(st.integers(start + 1, 36))]

    assert _finds(Machine(id=text), part)
    machine = Machine(id=str(other))
    assert _contains(machine, part) == _finds(machine, part)


def test_a_hostname_that_repeats_itself_is_not_found_by_what_it_almost_has() -> None:
    machine = Machine(id=ID, hostname="abc-def-abc-xyz")

    assert not _finds(machine, "def-abc-def")
    assert not _finds(machine, "bc-xyz-def")
    assert _finds(machine, "def-abc-xyz")


def test_labels_are_found_by_their_keys_and_by_their_values() -> None:
    held = set(search.terms(Machine(id=ID, labels={"example.com/rack": "r7", "spot": ""})))

    assert held.issuperset(search.label_terms("", "example.com/rack", None))
    assert held.issuperset(search.label_terms("", "example.com/rack", "r7"))
    assert held.issuperset(search.label_terms("", "spot", ""))
    assert not held.issuperset(search.label_terms("", "example.com/rack", ""))
    assert not held.issuperset(search.label_terms("", "rack", None))


@given(name=texts | long_texts, hostname=texts)
def test_the_suffixes_of_a_prefix_have_one_length(name: str, hostname: str) -> None:
    """The encoding of their index entries requires this: shared/store/wire_format.py."""
    machine = Machine(id=ID, name=name, hostname=hostname, labels={"zone": "a", "example.com/rack": "r7"})

    for _, suffixes in search.prefixed_terms(machine):
        assert len(set(map(len, suffixes))) <= 1


def test_an_ordinary_machine_has_a_few_hundred_terms() -> None:
    machine = Machine(id=ID, name="node-17", hostname="node-17.rack-03.example.com")

    assert 200 < len(set(search.terms(machine))) < 500


def worst(first: int) -> str:
    """Return a name in which only one run of 6 repeats, so that all runs of up to 48 are terms."""
    text = "".join(chr(first + number) for number in range(249))
    return text[:6] + text


def test_the_worst_names_that_keep_their_length_are_well_within_what_a_machine_may_have() -> None:
    machine = Machine(id=ID, name=worst(0x4E00), hostname=worst(0x5E00))

    assert len(worst(0x4E00)) == 255
    assert 22_000 < len(set(search.terms(machine))) < MAX_TERMS < FIRESTORE_ENTRIES
    require_storable(machine)
    machine.organization_id = "o" * 128  # each index entry contains it twice
    with pytest.raises(Invalid):
        require_storable(machine)


def test_of_a_machine_that_is_too_large_by_its_names_what_was_sent_is_reported() -> None:
    machine = Machine(id=ID, name=worst(0x4E00), hostname=worst(0x5E00), os_info="x" * 400_000)

    for sent, named in (({"os_info"}, "os_info"), ({"name", "hostname", "os_info"}, "name")):
        with pytest.raises(Invalid) as raised:
            require_storable(machine, sent)
        assert [("body", named)] == [fault.location for fault in raised.value.faults]


def test_names_that_folding_makes_too_long_are_rejected_by_their_field() -> None:
    """Case folding turns each of these characters into three."""
    long = "".join(random.Random(1).choices("\u0390\u03b0\u1f52\u1f54\u1f56\u1fb7\u1fc7", k=255))  # noqa: S311 - not a secret

    for field, machine in (("name", Machine(name=long)), ("hostname", Machine(hostname=long))):
        with pytest.raises(Invalid) as raised:
            require_storable(machine)
        assert [("body", field)] == [fault.location for fault in raised.value.faults]


@pytest.mark.parametrize(
    "character", ["a", "z", "\u0390"]
)  # in ids, not in ids, and folded to three characters
def test_the_worst_search_leaves_room_for_all_other_filters_and_16_labels(character: str) -> None:
    """Firestore accepts 100, including the order and the parent: docs/decisions/0006-search.md."""
    order_parent_and_label_sets, name_status_and_pool, labels = 3, 3, 16
    searches = [search.fold(character * length) for length in range(1, 256)]
    queries = [ask("", part) for part in searches for ask in (search.containing, search.candidates)]

    worst = max(sum(map(len, alternatives)) for alternatives in queries)

    assert worst <= 100 - order_parent_and_label_sets - name_status_and_pool - labels


def test_label_sets_differ_by_keys_and_not_by_values() -> None:
    labels = Machine(labels={"a": "1", "b": ""})

    assert search.label_set(labels) == search.label_set(Machine(labels={"b": "2", "a": ""}))
    assert (
        len({search.label_set(Machine(labels=dict.fromkeys(keys, ""))) for keys in ("", "a", "b", "ab")}) == 4
    )
