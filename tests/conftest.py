"""What holds for every test."""

from hypothesis import settings

# A kernel's first call may compile, which no deadline survives; a run that failed must fail again.
settings.register_profile("boostwatch", deadline=None, derandomize=True)
settings.load_profile("boostwatch")
