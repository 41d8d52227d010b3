"""The files of this machine: one at a time, whole trees, and as patches write them."""
