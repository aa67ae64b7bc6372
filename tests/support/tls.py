"""Certificates for servers on loopback, good and bad ones, made with the openssl command."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

OPENSSL = shutil.which("openssl")

_CA = """
[ca]
default_ca = it
[it]
dir = {folder}
new_certs_dir = {folder}
database = {folder}/index
serial = {folder}/serial
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


@dataclass(frozen=True, slots=True)
class Certificate:
    """path: PEM. vouched_by: the certificate that a client must trust; its own if self-signed."""

    path: Path
    key: Path
    vouched_by: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key)
        return context


def certificate(
    folder: Path,
    *,
    name: str = "IP:127.0.0.1",
    self_signed: bool = True,
    valid: tuple[str, str] = ("20200101000000Z", "20490101000000Z"),
) -> Certificate:
    """name: the subject's alternative name. valid: from and until, in openssl's format."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ca.cnf").write_text(_CA.format(folder=folder))
    (folder / "index").touch()
    (folder / "serial").write_text("01\n")
    _request(folder, "server", name)
    span = ("-startdate", valid[0], "-enddate", valid[1])
    if self_signed:
        signer = ("-selfsign", "-keyfile", f"{folder}/server.key")
    else:
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem"),
            *("-subj", "/CN=an authority", "-days", "9999"),
        )
        signer = ("-cert", f"{folder}/ca.pem", "-keyfile", f"{folder}/ca.key")
    _openssl(
        *("ca", "-batch", "-notext", "-config", f"{folder}/ca.cnf", *signer, *span),
        *("-in", f"{folder}/server.csr", "-out", f"{folder}/server.pem"),
    )
    made = folder / "server.pem"
    return Certificate(made, folder / "server.key", made if self_signed else folder / "ca.pem")


def _request(folder: Path, stem: str, name: str) -> None:
    _openssl(
        *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-keyout", f"{folder}/{stem}.key", "-out", f"{folder}/{stem}.csr"),
        *("-subj", "/CN=a model server", "-addext", f"subjectAltName={name}"),
    )


def _openssl(*words: str) -> None:
    assert OPENSSL is not None, "the tests that use it are skipped"
    subprocess.run((OPENSSL, *words), check=True, capture_output=True, timeout=60)
