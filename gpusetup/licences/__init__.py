"""The parts of a stack, a host or an image, and their licences."""
