"""The only room that changes the host: runs a recipe's steps, keeps a journal, takes it all back."""
