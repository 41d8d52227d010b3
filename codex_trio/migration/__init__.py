"""Taking over what another agent program left on this machine: its settings, instructions, skills and conversations."""
