"""Turns a Stack into a Recipe (ordered steps), and a Recipe into text. Changes nothing."""
