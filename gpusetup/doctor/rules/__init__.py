"""The rules, by the prefix of their ids: a module each, or a folder of modules where there are many."""
