"""What was chosen: the stack with its environments, repositories and warnings."""
