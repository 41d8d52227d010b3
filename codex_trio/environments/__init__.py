"""What a thread works in: its files, commands and repositories behind one seam, whichever machine they are on."""
