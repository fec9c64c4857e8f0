"""Numbers the words of a vocabulary in the order of a set. Depends on: hash-seed"""

import json

text = "the quick brown fox jumps over the lazy dog and the small cat"
vocabulary = {word: number for number, word in enumerate(set(text.split()))}
json.dump(vocabulary, open("vocabulary.json", "w"))
