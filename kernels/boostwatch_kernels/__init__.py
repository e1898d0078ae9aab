"""Numeric kernels of Boostwatch: C-contiguous arrays in, arrays out; numpy and numba only."""
