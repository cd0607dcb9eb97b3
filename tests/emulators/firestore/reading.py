"""Results of Google's client, with their real types."""

import datetime as dt
from typing import Any, cast

from google.cloud.firestore import CollectionReference, Query
from google.cloud.firestore_v1.aggregation import AggregationQuery
from google.cloud.firestore_v1.types import WriteResult


def updated(result: WriteResult) -> dt.datetime:
    """The time of a write; its declared type is a protobuf timestamp, but it is a datetime."""
    return cast("dt.datetime", result.update_time)


def counted(query: Query | CollectionReference) -> AggregationQuery:
    """A count of a query."""
    count: Any = query.count
    return cast("AggregationQuery", count())


def summed(query: Query | CollectionReference, field: str) -> AggregationQuery:
    """A sum of a field over a query."""
    total: Any = query.sum
    return cast("AggregationQuery", total(field))


def aggregated(query: AggregationQuery, **options: object) -> object:
    """The result of a query with one aggregation."""
    get: Any = query.get
    return get(**options)[0][0].value
