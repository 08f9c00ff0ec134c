"""From meshes to images."""
