"""Many hosts compared with each other: reports in, one frozen `Fleet` out. Nothing is run, and no host is asked."""
