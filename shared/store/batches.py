"""Parts of what is too much for one request."""

from collections.abc import Iterator, Sequence


def batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Cut a sequence into parts of a size at most."""
    return (items[start : start + size] for start in range(0, len(items), size))
