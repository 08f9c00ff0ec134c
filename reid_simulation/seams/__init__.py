"""What the other rooms share: who somebody is, where they are, triangles, what stands still, cameras."""
