"""What the commands of `reid-export` do, one file each."""
