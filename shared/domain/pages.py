"""The total of a list, consistent with the page that is returned with it."""


def total(counted: int, *, skip: int, found: int, limit: int) -> int:
    """Return the total of a list.

    The count can be from another moment than the page, and items can be added or removed in between. A page
    that is not full has reached the end of the list, so it determines the total (if it is empty, the most
    that it can be). A full page determines only the least that it can be.

    Args:
        counted: the count.
        skip: how many items the page skips.
        found: how many items are on the page.
        limit: how many items the page can contain.
    """
    if found == limit:
        return max(counted, skip + found)
    return skip + found if found else min(counted, skip)
