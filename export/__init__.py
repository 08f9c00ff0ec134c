"""From trained networks to the artefacts that serving runs."""
