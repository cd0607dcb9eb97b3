"""Find hot spots: ranges where keys only grow, so that Firestore cannot split them however busy they are."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from tests.bench.hot_spots.ranges import Keys, Written

# "If you index a field that increases or decreases sequentially between documents in a collection, like a
# timestamp, then the maximum write rate to the collection is 500 writes per second". Ids that only grow make
# the same hot spots: https://cloud.google.com/firestore/native/docs/best-practices
LIMIT = 500
# The earlier part of the traffic defines the splits; the rest is counted.
_BEFORE = 3 / 4
# There are three earlier keys for each new one. So the chance that ten new keys fall between the same two
# earlier ones, if keys are evenly spread, is 1 in 4^10. If a range takes more, its keys are not spread.
COINCIDENCE = 10


def hottest(traffic: Sequence[Written], keys: Keys, *, seconds: float) -> dict[str, float]:
    """Find the hottest range of each kind of keys.

    Firestore splits busy ranges, and can do so between any two keys. So this takes every earlier key as a
    split. New keys that are spread then fall into different ranges. New keys that only grow all fall into the
    range after the last earlier key.

    Args:
        traffic: the writes in their order, at an even rate.
        keys: finds the writes' keys.
        seconds: the duration of the traffic.

    Returns:
        For each kind, hottest first, the writes per second in one range; 0 if keys are spread.
    """
    turn = int(len(traffic) * _BEFORE)
    splits = sorted(key.place for written in traffic[:turn] for key in keys.of(written))
    new = Counter[tuple[str, int]]()
    for written in traffic[turn:]:
        # Several entries of a document in one range count as one write.
        new.update({(key.kind, bisect_right(splits, key.place)) for key in keys.of(written)})
    most = dict[str, int]()
    for (kind, _), count in new.items():
        most[kind] = max(most.get(kind, 0), count)
    time = seconds * (1 - _BEFORE)
    rates = {kind: count / time if count > COINCIDENCE else 0.0 for kind, count in most.items()}
    return dict(sorted(rates.items(), key=lambda rate: rate[1], reverse=True))
