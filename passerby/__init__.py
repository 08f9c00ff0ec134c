"""Recognise the same person across cameras."""

__version__ = "0.1.0"
