"""API keys, for operators: `python -m infra.keys create | list | revoke`.

The command works on the running local stack, or with `--project` on Google Cloud.
"""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uuid6
from google.cloud.firestore import Client, DocumentSnapshot, FieldFilter
from google.protobuf.timestamp_pb2 import Timestamp

from infra import os_errors
from infra.api_key import digest, new_api_key
from infra.arguments import Parser, given
from infra.google_cloud import RETRY, TIMEOUT, one_line, report_emulator
from infra.local import provision, state
from shared.domain.access import ORGANIZATION_ID, Scope
from shared.pb.inventory.v1.records_pb2 import ApiKey

COLLECTION = "api_keys"
TIME = "%Y-%m-%dT%H:%M:%SZ"


def create(
    client: Client,
    organization: str,
    scopes: Sequence[str],
    *,
    now: datetime,
    expires: datetime | None = None,
) -> tuple[str, ApiKey]:
    """Create a key, and store the record of the access that it grants.

    Returns:
        The key itself, which is not stored, and its record.

    Raises:
        ValueError: the organization's id is malformed.
    """
    if not ORGANIZATION_ID.fullmatch(organization):
        raise ValueError(
            f"the organization {organization!r} is not 1 to 128 letters, digits, '.', '_' and '-',"
            " a letter or digit first"
        )
    api_key = new_api_key()
    record = ApiKey(
        id=str(uuid6.uuid7()), organization_id=organization, scopes=dict.fromkeys(scopes), created_at=now
    )
    if expires:
        record.expires_at.FromDatetime(expires)
    client.collection(COLLECTION).document(digest(api_key)).create(
        _fields(record), retry=RETRY, timeout=TIMEOUT
    )
    return api_key, record


def find(client: Client, field: str, value: str) -> "list[DocumentSnapshot[Any]]":
    """Return the documents of keys by `organization_id` or `id`."""
    query = client.collection(COLLECTION).where(filter=FieldFilter(field, "==", value))
    return query.get(retry=RETRY, timeout=TIMEOUT)


def revoke(client: Client, key_id: str, *, now: datetime) -> datetime | None:
    """Revoke a key, which stops working within a minute. A key that is already revoked does not change.

    Returns:
        The time of the revocation, or None if the key does not exist.
    """
    for snapshot in find(client, "id", key_id):
        before: datetime | None = (snapshot.to_dict() or {}).get("revoked_at")
        if before is None:
            snapshot.reference.update({"revoked_at": now}, retry=RETRY, timeout=TIMEOUT)
        return before or now
    return None


@os_errors.in_one_line()
def main(command_line: Sequence[str]) -> None:
    """Run a command; report a failure in one line."""
    arguments = _arguments(command_line)
    with one_line("Firestore"):
        arguments.run(_client(arguments.project, arguments.state), arguments)


def _create(client: Client, arguments: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    expires = _parse_expiry(arguments.expires, now) if arguments.expires else None
    try:
        api_key, record = create(client, arguments.organization, arguments.scope, now=now, expires=expires)
    except ValueError as error:
        sys.exit(f"muster: {error}")
    # Only the key goes to standard output, for `KEY=$(python -m infra.keys create ...)`.
    print(f"Key {record.id} of {record.organization_id}, shown only once:", file=sys.stderr)
    print(api_key)


def _list(client: Client, arguments: argparse.Namespace) -> None:
    found = find(client, "organization_id", arguments.organization)
    for record in sorted((snapshot.to_dict() or {} for snapshot in found), key=lambda record: record["id"]):
        print(record["id"], _standing(record, datetime.now(UTC)), ",".join(record["scopes"]))
    if not found:
        print(f"muster: {arguments.organization} has no keys: make one with create", file=sys.stderr)


def _revoke(client: Client, arguments: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    since = revoke(client, arguments.id, now=now)
    # After a restore, the previous database still exists, with the same keys.
    where = f"in the database {_database()} of {client.project}"
    if since is None:
        sys.exit(f"muster: there is no key {arguments.id} {where}: list shows an organization's keys")
    if since == now:
        print(f"Key {arguments.id} is revoked {where}: it stops working within a minute")
    else:
        print(f"Key {arguments.id} is revoked {where} already, since {since:{TIME}}")


def _standing(record: dict[str, Any], now: datetime) -> str:
    if "revoked_at" in record:
        return f"revoked {record['revoked_at']:{TIME}}"
    if "expires_at" not in record:
        return "good"
    return f"{'expires' if record['expires_at'] > now else 'expired'} {record['expires_at']:{TIME}}"


def _fields(record: ApiKey) -> dict[str, Any]:
    """Return a record's fields as the values that the client library accepts."""
    return {
        field.name: value.ToDatetime(UTC) if isinstance(value, Timestamp) else value
        for field, value in record.ListFields()
    } | {"scopes": list(record.scopes)}


def _client(project: str | None, folder: Path) -> Client:
    """Return a client of the given project, of the environment's emulator or of the running stack."""
    if project:
        report_emulator("FIRESTORE_EMULATOR_HOST")
    elif os.environ.get("FIRESTORE_EMULATOR_HOST"):
        project = provision.PROJECT
    else:
        stack = state.read(folder)
        if not stack:
            sys.exit(f"{state.none_runs(folder)}, or name a Google Cloud --project")
        os.environ["FIRESTORE_EMULATOR_HOST"] = stack.firestore_emulator_host
        project = stack.project
    return Client(project=project, database=_database())


def _database() -> str:
    return os.environ.get("FIRESTORE_DATABASE", "(default)")


def _parse_expiry(text: str, now: datetime) -> datetime:
    days = re.fullmatch(r"([0-9]{1,5})d", text)
    try:
        time = now + timedelta(days=int(days[1])) if days else datetime.fromisoformat(text)
        expiry = time.astimezone(UTC) if time.tzinfo else now
    except (ValueError, OverflowError):  # in UTC, it may be in the year 10,000
        expiry = now
    if expiry <= now:
        sys.exit(f"muster: --expires {text} is neither days (30d) nor a future time (2030-01-31T12:00:00Z)")
    return expiry


def _arguments(command_line: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog="python -m infra.keys", description="Create, list and revoke API keys.")
    parser.add_argument("--project", type=given, help="a Google Cloud project (default: the local stack)")
    state.add_folder_argument(parser)
    commands = parser.add_subparsers(required=True, metavar="create | list | revoke")
    making = commands.add_parser("create", help="create a key and show it once")
    making.add_argument("--organization", required=True, help="the organization that the key belongs to")
    making.add_argument(
        "--scope",
        required=True,
        nargs="+",
        action="extend",
        choices=[scope.value for scope in Scope],
        help="what the key allows, one or more",
    )
    making.add_argument(
        "--expires", type=given, help="when the key expires: 30d, or a time such as 2030-01-31T12:00:00Z"
    )
    making.set_defaults(run=_create)
    listing = commands.add_parser("list", help="list an organization's keys: id, status, scopes")
    listing.add_argument("--organization", required=True, type=given)
    listing.set_defaults(run=_list)
    revoking = commands.add_parser("revoke", help="revoke a key")
    revoking.add_argument("id", type=given, help="the key's id, as create and list show it")
    revoking.set_defaults(run=_revoke)
    return parser.parse_args(command_line)


if __name__ == "__main__":
    main(sys.argv[1:])
