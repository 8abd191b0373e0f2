"""Proof of what is stored: identities, digests, recomputation. Reads only."""

from pipelines.verify.findings import Finding, Proof, Scope
from pipelines.verify.proof import verify

__all__ = ["Finding", "Proof", "Scope", "verify"]
