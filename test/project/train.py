"""Trains the model of a package beside it, on one process or on all ranks of a training job."""

import argparse
import os
import time

import torch
import torch.distributed as dist
from model.network import build
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--lr", type=float, default=0.1)
    args = parser.parse_args()

    # torchrun tells every process its rank; without it there is one process and nothing to set up.
    world = int(os.environ.get("WORLD_SIZE", "1"))
    distributed = world > 1 and "RANK" in os.environ
    gpu = torch.cuda.is_available()
    if distributed:
        dist.init_process_group("nccl" if gpu else "gloo")
    rank = dist.get_rank() if distributed else 0
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if gpu else torch.device("cpu")
    print(f"rank {rank} of {world if distributed else 1} on {device}, PyTorch {torch.__version__}", flush=True)

    torch.manual_seed(0)
    model: nn.Module = build(8).to(device)
    if distributed:
        model = DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr)
    weights = torch.linspace(-1, 1, 8, device=device).unsqueeze(1)
    generator = torch.Generator().manual_seed(1 + rank)

    for epoch in range(1, args.epochs + 1):
        for _ in range(50):
            x = torch.randn(64, 8, generator=generator).to(device)
            loss = nn.functional.mse_loss(model(x), torch.sin(x @ weights))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        mean = loss.detach().clone()
        if distributed:
            # The mean over all ranks: each of them prints the same number.
            dist.all_reduce(mean)
            mean /= world
        print(f"epoch {epoch}  loss {mean.item():.6f}", flush=True)
        time.sleep(0.2)

    if distributed:
        dist.barrier()
        dist.destroy_process_group()
    print("done", flush=True)


if __name__ == "__main__":
    main()
