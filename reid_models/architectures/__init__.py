"""Clips in, features out: the networks of the papers, in torch; one paper, one file. Serving imports none of it."""
