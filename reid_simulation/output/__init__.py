"""Simulated videos, crops and data sets on disk, with their truth."""
