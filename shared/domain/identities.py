"""Identities of machines (MAC addresses, fingerprints), and the claims that make each of them unique.

A claim is a document that is created in the machine's commit, with the precondition that it does not exist.
So the store decides a race between two registrations, without a lock or a query.
"""

import re
from urllib.parse import quote

from shared.domain.errors import DuplicateFingerprint, DuplicateMac, InventoryError
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.records_pb2 import IdentityClaim

# EUI-48 (IEEE 802): 00:00:5e:00:53:01, 00-00-5E-00-53-01, 0000.5e00.5301, 00005e005301 and similar forms.
_NOTATIONS = re.compile(
    r"[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5}|(?:\.[0-9a-f]{2}){5}|[0-9a-f]{10})"
    r"|[0-9a-f]{4}(?:(?::[0-9a-f]{4}){2}|(?:-[0-9a-f]{4}){2}|(?:\.[0-9a-f]{4}){2})",
    re.IGNORECASE | re.ASCII,
)
_SEPARATORS = str.maketrans("", "", ":-.")
_GROUP_BIT = 0x01  # of the first octet: set in addresses of groups, not of stations (IEEE 802-2014, 8.2.2)


def parse_mac(text: str) -> str:
    """Return the canonical form of a MAC address: lower case, octets separated by colons.

    Raises:
        ValueError: the text is not the address of one network interface; the message says why.
    """
    if not _NOTATIONS.fullmatch(text):
        raise ValueError("must be a MAC address such as 00:00:5e:00:53:01")
    octets = bytes.fromhex(text.translate(_SEPARATORS))
    if octets == b"\xff" * 6:
        raise ValueError("must not be the broadcast address")
    if octets[0] & _GROUP_BIT:
        raise ValueError("must not be a multicast address")
    if not any(octets):
        raise ValueError("must not be the all-zero address")
    return octets.hex(":")


def claims(machine: Machine) -> list[IdentityClaim]:
    """Return a machine's claims: its MAC addresses in the order of its NICs, then its fingerprint."""
    return [
        IdentityClaim(identity=identity, machine_id=machine.id, organization_id=machine.organization_id)
        for identity in _identities(machine)
    ]


def claim_changes(before: Machine, after: Machine) -> tuple[list[IdentityClaim], list[IdentityClaim]]:
    """Return the claims that a change of a machine adds, and those that it removes."""
    held = {claim.identity: claim for claim in claims(before)}
    wanted = {claim.identity: claim for claim in claims(after)}
    taken = [claim for identity, claim in wanted.items() if identity not in held]
    return taken, [claim for identity, claim in held.items() if identity not in wanted]


def _identities(machine: Machine) -> list[str]:
    macs = [mac_identity(nic.mac) for nic in machine.nics]
    if not machine.HasField("fingerprint"):
        return macs
    return [*macs, _fingerprint_identity(machine.organization_id, machine.fingerprint)]


def conflict(claim: IdentityClaim, holder: IdentityClaim) -> InventoryError:
    """Return the error for an identity that another machine has.

    It names that machine only if the same organization owns it.
    """
    fingerprints = _fingerprint_identity(claim.organization_id, "")
    if claim.identity.startswith(fingerprints):
        return DuplicateFingerprint(claim.identity.removeprefix(fingerprints), holder.machine_id)
    same_organization = holder.organization_id == claim.organization_id
    _, _, mac = claim.identity.partition(":")
    return DuplicateMac(mac, holder.machine_id if same_organization else None)


def mac_identity(mac: str) -> str:
    """Return the identity of a canonical MAC address, which is unique across all organizations."""
    return f"mac:{mac}"


def _fingerprint_identity(organization_id: str, fingerprint: str) -> str:
    """Return the identity of a fingerprint, which is unique within the organization."""
    # Quoted, so that the next colon always ends the organization's id.
    return f"fingerprint:{quote(organization_id, safe='')}:{fingerprint}"
