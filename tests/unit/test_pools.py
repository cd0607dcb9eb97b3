"""The members of a pool that a response shows, and the start of the linked list."""

from collections.abc import Collection

import pytest

from shared.domain.pools import MAX_SHOWN, first_members

SIZE = MAX_SHOWN + 50


@pytest.mark.parametrize(
    "positions",
    [
        [],
        range(MAX_SHOWN),
        range(50, SIZE),
        range(MAX_SHOWN - 1, SIZE),  # the first named member comes after more others than a response shows
        range(0, SIZE, 2),
    ],
    ids=str,
)
def test_the_members_shown_and_those_that_the_list_goes_on_with_are_all(positions: Collection[int]) -> None:
    members = [{"id": number} for number in range(SIZE)]
    named = [members[position] for position in positions]

    shown, skip = first_members(named, members[:MAX_SHOWN])

    assert named == shown[: len(named)]
    assert len(shown) == MAX_SHOWN
    assert {*range(SIZE)} == {member["id"] for member in (*shown, *members[skip:])}
