"""Boostwatch: synthetic infrared frames with missile plumes, and the chain that turns frames into launch events."""

import os

import platformdirs

__version__ = "0.1.0"

# The kernels know no other package, so they are told here where compiled code may be kept.
os.environ.setdefault("BOOSTWATCH_CACHE_DIR", platformdirs.user_cache_dir("boostwatch"))
