"""What the commands of `reid-pipeline` do, one file each."""
