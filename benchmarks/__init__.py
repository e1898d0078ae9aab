"""Benchmarks: one script a question; see README.md in this folder."""
