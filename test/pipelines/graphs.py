"""Everything that a graph may hold. compile.test.ts names its lines."""

from typing import Dict, List

from kfp import dsl
from kfp.dsl import Dataset, Input, Metrics, Model, Output


@dsl.component(base_image="python:3.11")
def prepare(rows: int, seed: float = 0.5, data: Output[Dataset] = None) -> int:
    return rows


@dsl.component(base_image="python:3.11")
def train(
    data: Input[Dataset],
    rate: float,
    model: Output[Model],
    metrics: Output[Metrics],
    options: Dict[str, int] = {},
):
    pass


@dsl.component(base_image="python:3.11")
def score(item: str) -> float:
    return 0.1


@dsl.component(base_image="python:3.11")
def notify(status: dsl.PipelineTaskFinalStatus, to: str):
    pass


@dsl.container_component
def shell(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image="alpine:3.20", command=["sh", "-c"], args=[text, out])


def both(rows):
    made = prepare(rows=rows)
    return made, train(data=made.outputs["data"], rate=0.1)


@dsl.pipeline
def inner(rows: int) -> int:
    made, _ = both(rows)
    return made.outputs["Output"]


@dsl.pipeline(name="everything", description="What a graph may hold.")
def everything(rows: int, quick: bool = True, items: List[str] = ["a", "b"]):
    with dsl.ExitHandler(notify(to="me"), name="say-bye"):
        first = prepare(rows=rows)
        second = train(data=first.outputs["data"], rate=0.1)
        second.set_caching_options(False).set_retry(2)
        got = dsl.importer(artifact_uri="gs://b/x", artifact_class=Dataset, reimport=False)
        train(data=got.output, rate=0.1)
        inner(rows=first.outputs["Output"])
        with dsl.If(quick == True, name="quick-only"):
            shell(text="hi").after(second)
        with dsl.Else():
            shell(text="slow")
        with dsl.ParallelFor(items, parallelism=2) as item:
            score(item=item)
