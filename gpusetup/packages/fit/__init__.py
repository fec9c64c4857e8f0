"""What a resolver is told and what comes back: the stack's choice and the packages, fitted to each other."""
