"""What each command of `reid-export` does, one file a command."""
