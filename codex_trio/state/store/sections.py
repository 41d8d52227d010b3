"""Sections that order threads: what a store of them promises.

Owns the values, what is refused, and pages of sections. Does not own how lists of threads are sorted by section
(paging.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec
from msgspec import UnsetType

from codex_trio.state.store.interface import ThreadStoreError
from codex_trio.state.store.organisation import OrganisationError
from codex_trio.util.paging import page_size

PINNED_ID = "01984de2-8f74-7c91-a3b2-5c5e937cf318"
"""The section that is always there. Clients know it by this id."""

STEP = 1_000_000
"""How far apart threads are put in a section, so that others find room between them."""


class SectionAppearance(msgspec.Struct, frozen=True):
    """How a section looks, in words of the client."""

    icon: str | None = None
    color: str | None = None


class Section(msgspec.Struct, frozen=True):
    """A named group of threads."""

    id: str
    name: str
    appearance: SectionAppearance | None = None


PINNED = Section(PINNED_ID, "Pinned")


class SectionPage(msgspec.Struct, frozen=True):
    """Some sections, by id; the cursor, which is the last id, continues after them."""

    sections: Sequence[Section]
    next_cursor: str | None


class SectionStore(Protocol):
    """Sections, and which threads are in them, in which order. A thread is in one at most."""

    async def create(self, name: str, appearance: SectionAppearance | None) -> Section:
        """Make a section. Raises ThreadStoreError (internal)."""
        ...

    async def update(
        self, section_id: str, *, name: str, appearance: SectionAppearance | UnsetType | None
    ) -> tuple[Section, Sequence[str]]:
        """Change a section; UNSET keeps its appearance. Return it, and the threads in it if it is another one now.

        Raises OrganisationError, ThreadStoreError (internal).
        """
        ...

    async def delete(self, section_id: str) -> Sequence[str]:
        """Remove a section; return the threads that were in it and are in none now, in their order.

        Raises OrganisationError, ThreadStoreError (internal).
        """
        ...

    async def list(self, *, cursor: str | None, limit: int | None) -> SectionPage:
        """Return a page of sections. Raises ThreadStoreError (internal)."""
        ...

    async def move(self, thread_id: str, section_id: str | None, *, before_thread_id: str | None = None) -> None:
        """Put a thread into a section, before another one or at its end, or into none.

        Raises ThreadStoreError (invalid_request, internal).
        """
        ...


def section_not_found(section_id: str) -> OrganisationError:
    """There is no such section to change or remove."""
    return OrganisationError(f"thread section not found: {section_id}")


def refuse_pinned(section_id: str, *, deed: str) -> None:
    """Raise OrganisationError for the section that is always there."""
    if section_id == PINNED_ID:
        raise OrganisationError(f"the built-in pinned section cannot be {deed}")


def no_section(section_id: str) -> ThreadStoreError:
    """Say that a thread is to be moved into a section that there is not."""
    return ThreadStoreError("invalid_request", f"section {section_id} does not exist")


def check_move(section_id: str | None, *, before_thread_id: str | None) -> None:
    """Raise ThreadStoreError for a move that cannot be, whatever is where."""
    if before_thread_id is not None and section_id is None:
        raise ThreadStoreError("invalid_request", "beforeThreadId requires a non-null sectionId")


def page_sections(sections: Iterable[Section], *, cursor: str | None, limit: int | None) -> SectionPage:
    """Return the page that follows a cursor; one that nobody gave out yields what sorts after it."""
    after = sorted((section for section in sections if section.id > (cursor or "")), key=_id_of)
    size = page_size(limit)
    page = after[:size]
    return SectionPage(page, page[-1].id if len(after) > size else None)


def place_in(
    order: Sequence[tuple[str, int]],
    thread_id: str,
    section_id: str,
    *,
    before_thread_id: str | None,
    renumber: Callable[[Sequence[tuple[str, int]]], None],
) -> int:
    """Return where a thread goes in a section, whose threads are given in order with their places.

    `renumber` is told new places of the others when there is no room left. Raises ThreadStoreError.
    """
    if before_thread_id == thread_id:
        raise ThreadStoreError("invalid_request", f"thread {thread_id} cannot be moved before itself")
    order = [place for place in order if place[0] != thread_id]
    if before_thread_id is None:
        return order[-1][1] + STEP if order else STEP
    index = next((index for index, (other, _) in enumerate(order) if other == before_thread_id), None)
    if index is None:
        complaint = f"before thread {before_thread_id} is not in section {section_id}"
        raise ThreadStoreError("invalid_request", complaint)
    low, high = order[index - 1][1] if index else 0, order[index][1]
    if high - low < 2:
        order = [(other, (number + 1) * STEP) for number, (other, _) in enumerate(order)]
        renumber(order)
        low, high = order[index - 1][1] if index else 0, order[index][1]
    return (low + high) // 2


def _id_of(section: Section) -> str:
    return section.id
