"""``python -m boostwatch``."""

from boostwatch.cli import main

main()
