"""Leases: work on the index that one process does for all that share a home.

Owns the table `leases`. A lease runs out by itself, so that a process that dies leaves nothing behind; who works renews
it with each step. Functions run inside a transaction that writes.
"""

from __future__ import annotations

from codex_trio.state.db.connection import Transaction

LEASE_MS = 15_000


def take(transaction: Transaction, job: str, owner: str, *, now_ms: int) -> bool:
    """Takes, or renews, the lease of a job; False while another process has it."""
    changed = transaction.run(
        "INSERT INTO leases (job, owner, expires_at_ms) VALUES (?1, ?2, ?3) ON CONFLICT (job) DO UPDATE"
        " SET owner = excluded.owner, expires_at_ms = excluded.expires_at_ms"
        # A lease that ends too far away was taken by a clock that was wrong.
        " WHERE owner = ?2 OR expires_at_ms NOT BETWEEN ?4 AND ?3",
        job,
        owner,
        now_ms + LEASE_MS,
        now_ms,
    )
    return changed == 1


def give_back(transaction: Transaction, job: str, owner: str) -> None:
    """Ends a lease, if it is still one's own."""
    transaction.run("DELETE FROM leases WHERE job = ? AND owner = ?", job, owner)
