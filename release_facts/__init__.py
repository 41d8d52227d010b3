"""What a release of the established app-server changes, written down by running it beside an earlier one."""
