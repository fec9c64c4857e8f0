"""What was asked: the request, its cards, and the constraints that follow from it."""
