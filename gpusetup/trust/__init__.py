"""What a privileged program may trust: who owns a file, who can change it, and as which user an interpreter runs."""
