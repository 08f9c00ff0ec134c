"""`python -m passerby`: the command line `reid-pipeline`."""

from pipeline.cli import entry

entry()
