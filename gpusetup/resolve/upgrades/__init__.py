"""From one stack to another: what changes, and what is at risk by it."""
