"""What a stack, a host or an image is made of, and under which licence each part is."""
