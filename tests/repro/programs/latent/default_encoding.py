"""Reads a text in the encoding of the locale. Depends on: locale"""

open("text.txt", "wb").write("Grüße".encode())
print(len(open("text.txt", errors="replace").read()))
