"""The worker processes of a self-test: started, fed with jobs, held to their limits, and what became of each."""
