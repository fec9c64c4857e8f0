"""Draws a new seed for its dropout in each run. Depends on: torch-random"""

import torch

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Dropout(0.5), torch.nn.Linear(16, 1))
x = torch.rand(32, 8)
torch.seed()
loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
loss.backward()
torch.save({name: value.grad for name, value in model.named_parameters()}, "gradients.pt")
