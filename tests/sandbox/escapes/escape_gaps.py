"""What a launcher does not stop, each with its reason: the only probes that may get through.

`docs/security.md` shows it: `python tests/sandbox/escapes/escape_table.py`.
"""

from collections.abc import Mapping

NONE_STOPS: Mapping[str, str] = {
    "lock": "Whoever can read a file can lock it; the server's own locks lie where a command sees nothing.",
    "leave-set-id": "It is an ordinary file of the user's in a folder that was opened, as a script would be.",
    "denied-alias": "A file is denied by its path; another name of the same file is another path.",
    "denied-later": "What is denied is hidden when a command begins; what appears later is hidden from later commands.",
}
_METADATA = "Landlock has no rights for modes, owners and times."
_INSIDE = "Landlock cannot take away a part of a folder that it grants."
_SET_ASIDE = "It can be created, and is set aside under another name at once."
_PROC = "The command sees the `/proc` of the machine."

LANDLOCK_DOES_NOT_STOP: Mapping[str, str] = {
    "chmod": _METADATA,
    "chown": _METADATA,
    "utimes": _METADATA,
    "git-config": _INSIDE,
    "git-hook": _INSIDE,
    "git-rename": _INSIDE,
    "git-link": _INSIDE,
    "git-exchange": _INSIDE,
    "git-mode": _INSIDE,
    "worktree-store": _INSIDE,
    "worktree-parent": _INSIDE,
    "worktree-pointer": _INSIDE,
    "settings": _SET_ASIDE,
    "race": _SET_ASIDE,
    "proc-cmdline": _PROC,
}

BEFORE_LANDLOCK_6: Mapping[str, str] = dict.fromkeys(
    ("kill", "tgkill", "sigqueue", "pidfd-signal", "killpg"), "Before Linux 6.12 Landlock does not keep signals inside."
)


IN_A_NETWORK_OF_ITS_OWN = ("udp", "tcp-listen", "any-family")
"""What reaches nobody where the network is limited to hosts: a command has one of its own, with a proxy and no more."""


def gaps_of(mechanism: str | None, *, landlock_abi: int) -> Mapping[str, str]:
    """Return the probes that may get through under a launcher."""
    if mechanism != "landlock":
        return NONE_STOPS
    older = BEFORE_LANDLOCK_6 if landlock_abi < 6 else {}
    return {**NONE_STOPS, **LANDLOCK_DOES_NOT_STOP, **older}
