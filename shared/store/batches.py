"""Batches of items that are too many for one request."""

from collections.abc import Iterator, Sequence


def batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Split a sequence into parts of at most a given size."""
    return (items[start : start + size] for start in range(0, len(items), size))
