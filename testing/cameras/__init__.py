"""Cameras to test against."""
