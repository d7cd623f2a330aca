"""The same iteration as iterationWorker.ts in plain PyTorch; prints a line of JSON."""
import json
import time
import torch
from torch.nn.functional import softplus

features, hidden, batch, meta, steps, domains, unroll = 1536, 256, 64, 16, 5, 10, 5
torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(features, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 1))
phi = list(model.parameters())
raw = torch.zeros(domains, requires_grad=True)
lower = torch.optim.AdamW(phi, lr=1e-3)
upper = torch.optim.AdamW([raw], lr=1e-2)
x, x_meta = torch.randn(batch, features), torch.randn(meta * steps, features)
target, label = torch.rand(batch).round() * 0.5 + 0.25, torch.rand(meta).round()
domain = torch.randint(domains, (batch,))


def losses():
    return (torch.sigmoid(model(x).squeeze(1)) - target) ** 2


def weights():
    positive = softplus(raw)
    return (positive / positive.mean())[domain]


def iterate(k):
    lower.zero_grad()
    loss_b = losses()
    loss = (weights().detach() * loss_b).mean()
    loss.backward()
    norm = torch.stack([p.grad.pow(2).sum() for p in phi]).sum().sqrt()
    values = (loss.item(), loss_b.mean().item(), norm.item())
    lower.step()
    if (k + 1) % unroll == 0:
        score = torch.sigmoid(model(x_meta).view(meta, steps).mean(1))
        meta_loss = ((score - label) ** 2).mean()
        v = torch.autograd.grad(meta_loss, phi)
        epsilon = 0.01 / (torch.sqrt(sum((g * g).sum() for g in v)).item() + 1e-15)
        with torch.no_grad():
            torch._foreach_add_(phi, v, alpha=epsilon)
            plus = losses()
            torch._foreach_add_(phi, v, alpha=-2 * epsilon)
            minus = losses()
            torch._foreach_add_(phi, v, alpha=epsilon)
            cotangent = (minus - plus) / (2 * epsilon * batch)
        upper.zero_grad()
        (weights() * cotangent).sum().backward()
        upper.step()
        values = (*values, meta_loss.item())
    return values


for k in range(50):
    iterate(k)
start = time.perf_counter()
for k in range(1000):
    iterate(k)
print(json.dumps({"name": "PyTorch", "ms": (time.perf_counter() - start)}))
