"""The only package that changes the host: runs a recipe's steps, keeps a journal, and undoes them."""
