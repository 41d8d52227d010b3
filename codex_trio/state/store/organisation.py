"""What can be wrong with projects, sections and attachments, and where threads stand in them.

Does not own the families themselves (projects.py, sections.py, attachments.py).
"""

from __future__ import annotations


class OrganisationError(Exception):
    """What was asked for cannot be; the message is meant for the client."""
