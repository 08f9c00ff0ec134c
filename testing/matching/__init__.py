"""Sightings and windows whose vectors are directions in the plane."""
