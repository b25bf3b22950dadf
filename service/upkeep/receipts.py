"""Receipts of deletes: what is signed, in which bytes, and with which key.

A receipt is a JSON object:

    format         "footnote-receipt-1"
    id             of the receipt, a UUID
    installation   the instance that signed it, a UUID
    tenant         whose the document was
    document_id    the document; `document_id(tenant, source)` tells it from the document's name
    deleted_at     RFC 3339, UTC, when everything had been counted again
    removed        what the delete found in each place
    remaining      what the count afterwards found in each place: zero
    key_id         the first 16 hexadecimal digits of the SHA-256 of the public key
    signature      Ed25519 (RFC 8032) over all the others, in base64

What is signed are the bytes of the object without `signature` in the JSON Canonicalization Scheme (RFC 8785):
no white space, names sorted, UTF-8. All values are texts, whole numbers or objects of those.

The name of the document is not in it. Who knows the name can prove that it was deleted, and nobody else
learns it from what is kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from service.errors import InvalidInput, Misconfigured
from service.settings import Settings
from service.types import Scope

FORMAT = "footnote-receipt-1"
KEY_FILE = "receipts.key"
NEW_KEY = "make one with `footnote receipts new-key`, the same for all processes of an installation"


class Signer:
    """Signs for one installation.

    Args:
        key: the private key, 32 bytes.
        installation: whose it is.
    """

    def __init__(self, key: bytes, installation: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(key)
        self._installation = installation

    @property
    def public_key(self) -> str:
        """What others verify with, in base64."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def receipt(
        self,
        scope: Scope,
        document_id: str,
        moment: datetime,
        removed: Mapping[str, int],
        remaining: Mapping[str, int],
    ) -> dict[str, Any]:
        """A signed receipt."""
        unsigned = {
            "format": FORMAT,
            "id": str(uuid.uuid4()),
            "installation": self._installation,
            "tenant": scope.tenant,
            "document_id": document_id,
            "deleted_at": moment.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "removed": dict(removed),
            "remaining": dict(remaining),
            "key_id": key_id(self.public_key),
        }
        signature = self._key.sign(canonical(unsigned))
        return {**unsigned, "signature": base64.b64encode(signature).decode()}


def canonical(receipt: Mapping[str, Any]) -> bytes:
    """The bytes of a receipt that are signed."""
    signed = {name: value for name, value in receipt.items() if name != "signature"}
    return json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def key_id(public_key: str) -> str:
    """The short name of a public key."""
    return hashlib.sha256(base64.b64decode(public_key)).hexdigest()[:16]


def verify(receipt: Mapping[str, Any], public_key: str) -> None:
    """Whether a receipt was signed so with this key, and says that nothing was left.

    Raises:
        InvalidInput: it was not, or does not; the message says what is wrong.
    """
    if receipt.get("format") != FORMAT:
        raise InvalidInput(f"this is no receipt of the format {FORMAT}")
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
    except (binascii.Error, ValueError):
        raise InvalidInput("the public key is not 32 bytes in base64") from None
    if receipt.get("key_id") != (known := key_id(public_key)):
        raise InvalidInput(f"it was signed with the key {receipt.get('key_id')!r}, and this is {known!r}")
    try:
        key.verify(base64.b64decode(str(receipt.get("signature")), validate=True), canonical(receipt))
    except (InvalidSignature, binascii.Error, ValueError):
        raise InvalidInput("the signature does not fit: the receipt was changed") from None
    if left := {place: count for place, count in receipt["remaining"].items() if count != 0}:
        raise InvalidInput(f"it says that something was left: {left}")


def new_key() -> str:
    """A private key for `receipts.signing_key`."""
    return base64.b64encode(os.urandom(32)).decode()


def open_signer(settings: Settings, installation: str) -> Signer:
    """The signer that the settings name.

    Embedded mode makes a key at its first start and keeps it in a file of the data folder that its owner
    alone reads. Many processes need one key, and a key beside the receipts in the catalogue would let whoever
    writes there sign as well: server mode takes it from a setting.

    Raises:
        Misconfigured: there is no key, or it is none.
    """
    if given := settings.receipts.signing_key.get_secret_value():
        return Signer(_decoded(given, "receipts.signing_key"), installation)
    if settings.mode == "server":
        raise Misconfigured("receipts.signing_key is needed in server mode", hint=NEW_KEY)
    file = settings.data_dir / KEY_FILE
    with suppress(FileExistsError), open(file, "x", opener=_for_the_owner) as made:
        made.write(new_key())
    return Signer(_decoded(file.read_text().strip(), str(file)), installation)


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _decoded(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise Misconfigured(f"{where} is no key: 32 bytes in base64 are needed", hint=NEW_KEY)
    return key
