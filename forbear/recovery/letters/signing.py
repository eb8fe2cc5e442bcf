"""Signing a PDF (PAdES, pyHanko) with the lender's own PKCS#12 key, and checking a signed one.

A self-signed key (`make_key`) is for trial and demo: its signature shows that no byte was changed since, but who made
it is known only to those who have its certificate. A lender's own key comes from an issuer that its readers trust.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from forbear.basics.errors import UnreadableFile, WrongUse

FIELD = "Sender"
LASTS = timedelta(days=3 * 366)
BITS = 3072
CARRIED = 16_384
"""Bytes kept free for the signature and its certificates."""


@dataclass(frozen=True)
class Key:
    """A signing key with its certificates, as PKCS#12 holds them."""

    name: str
    _signer: Any = field(repr=False)


@dataclass(frozen=True)
class Signed:
    """What a check of a signed PDF found.

    Args:
        intact: no byte that was signed has been changed.
        valid: the signature is the key's.
        whole: it covers the whole file: nothing was added afterwards.
        trusted: its certificate leads to one of those named as trusted.
        by: the name in the certificate; `fingerprint` its SHA-256.
        at: when the signer says it was signed.
    """

    intact: bool
    valid: bool
    whole: bool
    trusted: bool
    by: str
    fingerprint: str
    at: datetime | None
    sha256: str

    @property
    def good(self) -> bool:
        """Whether the file is as it was signed; by whom one trusts is another question."""
        return self.intact and self.valid and self.whole


def make_key(name: str, passphrase: str, at: datetime) -> bytes:
    """A new self-signed key as PKCS#12, for trial and demo.

    Args:
        name: in the certificate: the lender's.
        passphrase: seals the file.
        at: from when it holds, three years long.

    Raises:
        WrongUse: the name is empty or longer than 64 characters, which a certificate cannot hold.
    """
    if not name.strip() or len(name) > 64:
        raise WrongUse(f"no key can be made for {name[:70]!r}", "a name of 1 to 64 characters")
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = dict.fromkeys(
        (
            *("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign"),
            *("crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(minutes=5))
        .not_valid_after(at + LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    sealed = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else None
    return pkcs12.serialize_key_and_certificates(
        name.encode(), key, made, None, sealed or serialization.NoEncryption()
    )


def load_key(file: Path, passphrase: str) -> Key:
    """The key in a PKCS#12 file.

    Raises:
        UnreadableFile: no such file, it is none, or the passphrase does not open it.
    """
    from pyhanko.sign.signers import SimpleSigner

    try:
        signer = SimpleSigner.load_pkcs12_data(file.read_bytes(), [], passphrase.encode() or None)
    except (OSError, ValueError) as wrong:
        why = (
            wrong.strerror if isinstance(wrong, OSError) else "it is no PKCS#12 file, or the passphrase is another"
        )
        raise UnreadableFile(f"{file}: {why}", "name a .p12 or .pfx file and its passphrase") from None
    if signer is None or signer.signing_cert is None:
        raise UnreadableFile(
            f"{file}: holds no key with a certificate", "name a .p12 or .pfx file and its passphrase"
        )
    return Key(_name(signer.signing_cert), signer)


def sign(pdf: bytes, key: Key, reason: str = "") -> bytes:
    """The PDF with a PAdES signature over all of it, added at its end; the letter's own bytes stay as they are."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    meta = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        name=key.name,
        reason=reason or None,
    )
    signer = signers.PdfSigner(meta, key._signer)
    out = signer.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), bytes_reserved=CARRIED)
    return bytes(out.getvalue())


def verify(pdf: bytes, trusted: Sequence[bytes] = ()) -> Signed:
    """Check the signature of a PDF.

    Args:
        pdf: the file.
        trusted: certificates (PEM or DER) that the reader trusts.

    Raises:
        UnreadableFile: it is no PDF, or a certificate is none.
        WrongUse: it carries no signature.
    """
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    roots = [_certificate(one) for one in trusted]
    try:
        found = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
        if not found:
            raise WrongUse("the PDF carries no signature", "sign it with forbear letter write --key")
        one = found[-1]
        with _quiet():
            told = validate_pdf_signature(one, ValidationContext(trust_roots=roots, allow_fetching=False))
    except (PdfError, SignatureValidationError, ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise UnreadableFile(
            f"this is no PDF with a readable signature: {wrong}", "name the file as it came"
        ) from None
    whole = told.coverage == SignatureCoverageLevel.ENTIRE_FILE
    return Signed(
        intact=bool(told.intact),
        valid=bool(told.valid),
        whole=whole,
        trusted=bool(told.trusted),
        by=_name(one.signer_cert),
        fingerprint=one.signer_cert.sha256.hex(),
        at=one.self_reported_timestamp,
        sha256=hashlib.sha256(pdf).hexdigest(),
    )


def certificate_of(file: Path, passphrase: str) -> bytes:
    """The certificate of a key as PEM, to give to those who check its signatures."""
    key = load_key(file, passphrase)
    own = x509.load_der_x509_certificate(key._signer.signing_cert.dump())
    return own.public_bytes(serialization.Encoding.PEM)


@contextmanager
def _quiet() -> Iterator[None]:
    """PyHanko logs a traceback for a certificate that nobody named as trusted; here that is an answer, no failure."""
    log = logging.getLogger("pyhanko.sign.validation")
    before, log.disabled = log.disabled, True
    children = [one for name, one in logging.root.manager.loggerDict.items() if name.startswith(log.name + ".")]
    told = [one for one in children if isinstance(one, logging.Logger) and not one.disabled]
    for one in told:
        one.disabled = True
    try:
        yield
    finally:
        log.disabled = before
        for one in told:
            one.disabled = False


def _certificate(given: bytes) -> Any:
    from asn1crypto import pem
    from asn1crypto import x509 as asn1

    try:
        made = asn1.Certificate.load(pem.unarmor(given)[2] if pem.detect(given) else given)
        made.subject.native  # noqa: B018 - reads it, so that what is none is found here
    except (ValueError, TypeError):
        raise UnreadableFile("this is no certificate", "a PEM or DER file") from None
    return made


def _name(certificate: Any) -> str:
    native = certificate.subject.native
    return str(native.get("common_name") or certificate.subject.human_friendly)
