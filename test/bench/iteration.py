"""The same iteration as iterationWorker.ts in PyTorch, on the dense rows of the same data; prints a line of JSON.

`iteration.py FOLDER [plain]`
"tuned" perturbs all parameters at once and takes losses without a graph; "plain" is the loop one writes down: parameters
perturbed one by one in place, the gradient of the weighted loss in the raw weights by autograd at both points.
"""
import json
import sys
import time
import torch
from torch.nn.functional import softplus

shape = json.load(open(f"{sys.argv[1]}/shape.json"))
features, domains, hidden, batch, meta, unroll = shape["features"], shape["domains"], 256, 64, 16, 5


def array(name):
    return torch.frombuffer(bytearray(open(f"{sys.argv[1]}/{name}.f32", "rb").read()), dtype=torch.float32)


torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(features, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 1))
phi = list(model.parameters())
raw = torch.zeros(domains, requires_grad=True)
lower = torch.optim.AdamW(phi, lr=1e-3)
upper = torch.optim.AdamW([raw], lr=1e-2)
x_all, target_all, domain_all = array("train").view(-1, features), array("target"), array("domain").long()
x_meta, offsets, label_all = array("meta").view(-1, features), array("offsets").long(), array("label")


def batches(rows, size):
    while True:
        yield from torch.randperm(rows)[: rows // size * size].split(size)


train_rows, meta_rows = batches(len(target_all), batch), batches(len(label_all), meta)


def losses():
    return (torch.sigmoid(model(x).squeeze(1)) - target) ** 2


def weights():
    positive = softplus(raw)
    return (positive / positive.mean())[domain]


def meta_scores(chosen):
    ends = offsets[chosen + 1]
    steps = [torch.arange(a, b) for a, b in zip(offsets[chosen], ends)]
    which = torch.repeat_interleave(torch.arange(meta), ends - offsets[chosen])
    logits = model(x_meta[torch.cat(steps)]).squeeze(1)
    sums = torch.zeros(meta).index_add(0, which, logits)
    return torch.sigmoid(sums / torch.bincount(which))


plain = sys.argv[2:] == ["plain"]


def raw_gradient():
    return torch.autograd.grad((weights() * losses()).mean(), raw)[0]


def plain_darts(v):
    epsilon = 0.01 / (torch.cat([g.flatten() for g in v]).norm().item() + 1e-15)
    for p, g in zip(phi, v):
        p.data.add_(g, alpha=epsilon)
    plus = raw_gradient()
    for p, g in zip(phi, v):
        p.data.sub_(g, alpha=2 * epsilon)
    minus = raw_gradient()
    for p, g in zip(phi, v):
        p.data.add_(g, alpha=epsilon)
    raw.grad = (minus - plus) / (2 * epsilon)
    upper.step()


def iterate(k):
    global x, target, domain
    rows = next(train_rows)
    x, target, domain = x_all[rows], target_all[rows], domain_all[rows]
    lower.zero_grad()
    loss_b = losses()
    loss = (weights().detach() * loss_b).mean()
    loss.backward()
    norm = torch.stack([p.grad.pow(2).sum() for p in phi]).sum().sqrt()
    values = (loss.item(), loss_b.mean().item(), norm.item())
    lower.step()
    if (k + 1) % unroll == 0:
        chosen = next(meta_rows)
        meta_loss = ((meta_scores(chosen) - label_all[chosen]) ** 2).mean()
        v = torch.autograd.grad(meta_loss, phi)
        if plain:
            plain_darts(v)
            return (*values, meta_loss.item())
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
print(json.dumps({"name": "PyTorch", "loop": "plain" if plain else "tuned", "ms": (time.perf_counter() - start)}))
