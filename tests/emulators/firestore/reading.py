"""What Google's client gives, with the types that it really has."""

import datetime as dt
from typing import Any, cast

from google.cloud.firestore import CollectionReference, Query
from google.cloud.firestore_v1.aggregation import AggregationQuery
from google.cloud.firestore_v1.types import WriteResult


def updated(result: WriteResult) -> dt.datetime:
    """When a write took effect; declared as a protobuf timestamp, it is a datetime."""
    return cast("dt.datetime", result.update_time)


def counted(query: Query | CollectionReference) -> AggregationQuery:
    """A query's count."""
    count: Any = query.count
    return cast("AggregationQuery", count())


def summed(query: Query | CollectionReference, field: str) -> AggregationQuery:
    """A query's sum of a field."""
    total: Any = query.sum
    return cast("AggregationQuery", total(field))


def aggregated(query: AggregationQuery, **options: object) -> object:
    """The value of a query with one aggregation."""
    get: Any = query.get
    return get(**options)[0][0].value
