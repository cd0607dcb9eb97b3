"""Where keys only grow: the ranges that Firestore cannot split, however long they are busy."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from tests.bench.hot_spots.ranges import Keys, Written

# "If you index a field that increases or decreases sequentially between documents in a collection, like a
# timestamp, then the maximum write rate to the collection is 500 writes per second", and ids that only grow
# make hot spots just so: https://cloud.google.com/firestore/native/docs/best-practices
LIMIT = 500
# Of the traffic, what comes first makes the splits; what comes next is counted.
_BEFORE = 3 / 4
# With three keys before for each that comes next, evenly spread ones fall ten times between the same two with
# a chance of one in 4^10. A range that takes more has a reason.
COINCIDENCE = 10


def hottest(traffic: Sequence[Written], keys: Keys, *, seconds: float) -> dict[str, float]:
    """Find the hottest range of each kind of keys.

    Firestore splits ranges that are busy, and may do so between any two keys. So take every key of the time
    before for a place to split at: new keys that are spread then fall into different splits, and new keys
    that only grow all into the same one, next to the last key of the time before.

    Args:
        traffic: the writes in their order, at an even rate.
        keys: finds their keys.
        seconds: how long the traffic lasts.

    Returns:
        By kind, hottest first, the writes a second in one range; 0 where keys are spread.
    """
    turn = int(len(traffic) * _BEFORE)
    splits = sorted(key.place for written in traffic[:turn] for key in keys.of(written))
    new = Counter[tuple[str, int]]()
    for written in traffic[turn:]:
        # Several entries of a document in one range are one write there.
        new.update({(key.kind, bisect_right(splits, key.place)) for key in keys.of(written)})
    most = dict[str, int]()
    for (kind, _), count in new.items():
        most[kind] = max(most.get(kind, 0), count)
    time = seconds * (1 - _BEFORE)
    rates = {kind: count / time if count > COINCIDENCE else 0.0 for kind, count in most.items()}
    return dict(sorted(rates.items(), key=lambda rate: rate[1], reverse=True))
