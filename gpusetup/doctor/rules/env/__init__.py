"""ENV: environment variables."""
