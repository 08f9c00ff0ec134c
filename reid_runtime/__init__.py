"""Exported networks: arrays in, arrays out."""
