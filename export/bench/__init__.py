"""How fast artefacts are beside torch, and how fast this machine lets them be."""
