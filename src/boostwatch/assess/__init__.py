"""The assessor: the only place where findings and truth meet, and the only one that plots."""
