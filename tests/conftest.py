"""What all tests have in common: made-up examples are the same in every run, and may take as long as they need.

`--hypothesis-profile=default` makes up others.
"""

from hypothesis import settings

settings.register_profile("the same in every run", derandomize=True, deadline=None)
settings.load_profile("the same in every run")
