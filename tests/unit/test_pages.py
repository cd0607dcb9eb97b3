"""How many there are, told so that it agrees with the page beside it."""

import pytest

from shared.domain import pages


@pytest.mark.parametrize(
    ("counted", "found", "total"),
    [
        (12, 5, 12),
        (9, 5, 10),  # a full page: so many at least, whatever came too late to be counted
        (12, 3, 8),  # one with room left has seen the end
        (9, 0, 5),  # beyond the end: what left too late is counted still
        (3, 0, 3),
    ],
)
def test_a_total_agrees_with_its_page(counted: int, found: int, total: int) -> None:
    assert total == pages.total(counted, skip=5, found=found, limit=5)
