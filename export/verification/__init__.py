"""Whether an artefact still says what the network says that it was made from."""
