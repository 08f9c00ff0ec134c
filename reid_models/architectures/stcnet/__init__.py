"""STCnet of VRSTC: finds what hides parts of a tracklet's frames, and completes them from the frames around.

Hou, Ma, Chang, Gu, Shan and Chen, "VRSTC: Occlusion-Free Video Person Re-Identification", CVPR 2019. Frames in, frames
out: no re-ID network itself, but what cleans the frames of one. `tracklet` puts the parts together; `critics` and
`losses` are for its training. No code was published; what the paper leaves open is said where it is chosen.
"""
