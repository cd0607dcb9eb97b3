"""The total of a list, so that it agrees with the page that is shown beside it."""


def total(counted: int, *, skip: int, found: int, limit: int) -> int:
    """Say how many there are.

    The count may be of another moment than the page, between which something was added or removed. A page
    with room left has seen the end, and so tells by itself; a full one tells how many there are at least.

    Args:
        counted: the count.
        skip: how many the page leaves out.
        found: how many are on it.
        limit: how many it has room for.
    """
    if found == limit:
        return max(counted, skip + found)
    return skip + found if found else min(counted, skip)
