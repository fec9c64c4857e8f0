"""The list against each framework: a subject made of what a function like a user's returns."""
