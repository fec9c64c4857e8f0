"""What each installed framework does when it is imported: asked in a process of its own, under its own interpreter."""
