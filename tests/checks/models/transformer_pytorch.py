"""A causal transformer that guesses the next word; padding is left out of the loss."""

import torch
import torch.nn.functional as F
from torch import nn

WORDS, WIDTH, LONGEST, NOTHING = 50, 32, 16, -100


class Language(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH)
        self.places = nn.Embedding(LONGEST, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 64, dropout=0.1, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, WORDS)

    def forward(self, words: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        places = self.places(torch.arange(words.shape[1], device=words.device))
        return self.head(self.blocks(self.words(words) + places, mask=mask, is_causal=True))


def loss(scores: torch.Tensor, following: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(scores.transpose(1, 2), following, ignore_index=NOTHING)


def build():
    text = torch.randint(WORDS, (8, LONGEST + 1))
    following = text[:, 1:].clone()
    for row, length in enumerate(range(9, 17)):
        following[row, length:] = NOTHING
    mask = nn.Transformer.generate_square_subsequent_mask(LONGEST)
    return Language(), loss, ({"words": text[:, :-1], "mask": mask}, following)
