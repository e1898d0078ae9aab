"""Uncompiled kernels are covered by tests/kernels; whole runs of the tracker would take an hour of them."""

import os

collect_ignore_glob = ["test_*.py"] if os.environ.get("NUMBA_DISABLE_JIT") == "1" else []
