"""What `torch.compile` needs."""
