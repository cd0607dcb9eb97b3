"""Totals agree with the page that is shown with them."""

import pytest

from shared.domain import pages


@pytest.mark.parametrize(
    ("counted", "found", "total"),
    [
        (12, 5, 12),
        (9, 5, 10),  # a full page: the total is at least its end, even if the count is older
        (12, 3, 8),  # a page that is not full contains the last item
        (9, 0, 5),  # a page beyond the end does not change the count
        (3, 0, 3),
    ],
)
def test_a_total_agrees_with_its_page(counted: int, found: int, total: int) -> None:
    assert total == pages.total(counted, skip=5, found=found, limit=5)
