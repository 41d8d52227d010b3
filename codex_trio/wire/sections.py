"""Sections in their wire form."""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_section as wire

from codex_trio.state.store.sections import Section, SectionAppearance


def section_to_wire(section: Section) -> wire.ThreadSection:
    """Return the wire form of a section."""
    look = section.appearance
    return wire.ThreadSection(
        id=section.id,
        name=section.name,
        appearance=None if look is None else wire.ThreadSectionAppearance(icon=look.icon, color=look.color),
    )


def appearance_from_wire(look: wire.ThreadSectionAppearance) -> SectionAppearance:
    """Return what a client says of how a section looks."""
    return SectionAppearance(icon=look.icon, color=look.color)
