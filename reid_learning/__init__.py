"""What every training here shares: the loop, its schedule, and checkpoints that a killed run goes on from."""
