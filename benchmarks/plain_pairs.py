"""Our step of each trained workload beside the plain one (`plain/`), with what each is given: a row per workload.

`collective` has none, since its time is that of starting processes; nor `soak`, which lasts as long as it is told; nor
`cost` and `convergence`, whose steps are those of other checks.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from checks import (
    attribution,
    boundary,
    cnn,
    evolve,
    gan,
    generate,
    gnn,
    gru,
    inpaint,
    linear,
    logistic,
    mlp,
    sequences,
    sgd,
    text,
    training_recipe,
    transformer,
)
from checks.boundary import plane
from checks.common.job import Job
from checks.descent import Training
from checks.evolve.evolution import Evolution
from checks.evolve.language import CONSTANTS
from checks.gru.names import LETTERS as NAME_LETTERS
from checks.gru.names import read_names
from checks.inpaint.scene import draw_scenes
from checks.sequences.laws import full
from checks.sgd.names import BATCH, count_letters
from checks.sgd.rules import RULES
from checks.transformer.text import LETTERS as TEXT_LETTERS
from checks.transformer.text import LONGEST, read_lines

STEPS = 60
Step = Callable[..., float]
Pair = tuple[Step, Step, list[tuple[Any, Any]]]


def gru_pair(framework: str, job: Job) -> Pair:
    """Return names by language under a GRU."""
    plan = gru.draw_plan(job)
    ours = backend("gru", framework).Model(plan.weights, job).step
    batches = [((batch,), tuple(batch)) for batch in gru.batches(plan, 0, STEPS)]
    return ours, plain("gru", framework, NAME_LETTERS, len(plan.corpus.languages)), batches


def transformer_pair(framework: str, job: Job) -> Pair:
    """Return the causal language model."""
    plan = transformer.draw_plan(0)
    ours = backend("transformer", framework).Model(plan.weights, job, causal=True).step
    text = [plan.batch(step, causal=True) for step in range(STEPS)]
    return ours, plain("transformer", framework, TEXT_LETTERS, LONGEST), [((one,), tuple(one)) for one in text]


def sgd_pair(framework: str, job: Job) -> Pair:
    """Return a softmax regression under Adam."""
    names = count_letters(job)
    sizes = names.letters.shape[1], int(names.languages.max()) + 1
    adam = next(rule for rule in RULES if rule.name == "adam")
    training: sgd.Training = backend("sgd", framework).Training("regression", adam, {"weight": np.zeros(sizes)}, job)
    rows = [np.arange(first * BATCH, (first + 1) * BATCH) % len(names.languages) for first in range(STEPS)]
    batches = [((names.letters[row], names.languages[row]),) * 2 for row in rows]
    return training.step, plain("sgd", framework, *sizes), batches


def linear_pair(framework: str, job: Job) -> Pair:
    """Return a line by gradient descent."""
    problem = linear.draw_problem(0)
    training = backend("linear", framework).training(problem.weights, linear.RATE, job)
    return trained(training, plain("linear", framework, linear.FEATURES), (problem.x,), problem.y)


def logistic_pair(framework: str, job: Job) -> Pair:
    """Return a logistic regression by gradient descent."""
    problem = logistic.read_problem(0)
    training = backend("logistic", framework).training(problem.weights, logistic.RATE, job)
    return trained(training, plain("logistic", framework, logistic.FEATURES), (problem.x,), problem.t)


def mlp_pair(framework: str, job: Job) -> Pair:
    """Return a small network under Adam."""
    points, weights = mlp.draw_points(0, "learned"), mlp.draw_weights(0, "network")
    training = backend("mlp", framework).training("network", "cross-entropy", "adam", weights, job)
    return trained(training, plain("mlp", framework, mlp.HIDDEN), (points.x,), points.inside)


def boundary_pair(framework: str, job: Job) -> Pair:
    """Return a small network that learns a boundary in the plane."""
    sample = plane.draw(0)
    ours = backend("boundary", framework).Network(boundary.draw_weights(0), job).step
    return ours, plain("boundary", framework, boundary.HIDDEN), [((sample.points, sample.labels),) * 2] * STEPS


def cnn_pair(framework: str, job: Job) -> Pair:
    """Return digits under a convolutional network."""
    plan, reader = cnn.draw_plan(0), backend("cnn", framework)
    network = reader.network(cnn.draw_weights(0), job)
    batches = [(plan.batch(step)[0], plan.batch(step)[2]) for step in range(STEPS)]
    return (
        network.step,
        plain("cnn", framework),
        [(((images,), digits), (images, digits)) for images, digits in batches],
    )


def gnn_pair(framework: str, job: Job) -> Pair:
    """Return the karate club under a graph network."""
    club = gnn.read_club(0)
    training = backend("gnn", framework).training(gnn.draw_weights(0), club.graph, job)
    return trained(training, plain("gnn", framework), (*club.graph, club.known), club.factions[club.known])


def gan_pair(framework: str, job: Job) -> Pair:
    """Return two networks against each other, a step of either."""
    ours = backend("gan", framework).Gan(gan.draw_weights(0), job)
    rounds = [gan.draw_round(0, number) for number in range(STEPS)]

    def step(real: gan.Numbers, noise: gan.Numbers, fresh: gan.Numbers) -> float:
        return float(ours.discriminate(real, noise) + ours.deceive(fresh))

    return step, plain("gan", framework, gan.NOISE, gan.HIDDEN), [(tuple(one),) * 2 for one in rounds]


def text_pair(framework: str, job: Job) -> Pair:
    """Return the attention over pieces of sentences."""
    corpus = text.read_corpus()
    training = backend("text", framework).training(text.draw_weights(0, corpus.size), corpus.codes, job)
    drawn = [text.draw_batch(corpus.codes, 0, step) for step in range(STEPS)]
    batches = [((inputs, truth), (*inputs, truth)) for inputs, truth in drawn]
    return training.step, plain("text", framework, corpus.size, text.WIDTH), batches


def sequences_pair(framework: str, job: Job) -> Pair:
    """Return an epoch of names through the loader, in buckets, under the GRU."""
    corpus, module = read_names(), backend("sequences", framework)
    names = sequences.Names(corpus.letters, corpus.lengths, np.array([language for _, language in corpus.names]))
    model = module.Model(gru.draw_weights(0, len(corpus.languages)), job)

    def epoch(order: Any) -> float:
        losses = [model.step(one.names) for one in full(module.bucketed(names, order, 0, job))]
        return float(sum(losses))

    sizes = NAME_LETTERS, len(corpus.languages), names, sequences.BOUNDARIES, gru.BATCH
    orders = [np.roll(np.arange(len(names.lengths)), 64 * number)[: 16 * gru.BATCH] for number in range(2)]
    return epoch, plain("sequences", framework, *sizes), [((order,),) * 2 for order in orders]


def attribution_pair(framework: str, job: Job) -> Pair:
    """Return integrated gradients of 16 pictures by 16 points."""
    model, asked = backend("attribution", framework).Model(attribution.draw_weights(0), job), attribution.ask(0)

    def explain(*_: Any) -> Any:
        return model.attributions(asked, attribution.POINTS)

    pixels, classes = asked.pictures.shape[1], training_recipe.SIDE
    by_hand = made("attribution", framework, "explainer", pixels, attribution.HIDDEN, classes, attribution.POINTS)
    return explain, by_hand, [(tuple(asked),) * 2] * STEPS


def generate_pair(framework: str, job: Job) -> Pair:
    """Return a step of the writer."""
    plan = generate.Plan(0, generate.draw_weights(0), read_lines())
    writer = backend("generate", framework).Writer(plan.weights, job, wide=False)
    batches = [plan.batch(step) for step in range(STEPS)]
    by_hand = plain("generate", framework, TEXT_LETTERS, LONGEST, generate.WIDTH, generate.HEADS)
    return writer.step, by_hand, [((one,), tuple(one)) for one in batches]


def evolve_pair(framework: str, job: Job) -> Pair:
    """Return a generation of programs on four tasks."""
    tasks, programs = evolve.draw_tasks(0, "task"), Evolution(0).programs
    given = programs, tasks.inputs, tasks.labels, tasks.new_inputs
    ours = backend("evolve", framework).Runner(tasks, job).predictions
    return ours, made("evolve", framework, "runner", CONSTANTS), [((programs,), given)] * 2


def inpaint_pair(framework: str, job: Job) -> Pair:
    """Return a step of the filler."""
    model = backend("inpaint", framework).Model(inpaint.draw_weights(0), job)
    scenes = [draw_scenes(0, f"step {step}", inpaint.ROWS) for step in range(STEPS)]
    batches = [((one,), (one.pictures, one.known, one.wall)) for one in scenes]
    return model.step, plain("inpaint", framework, *inpaint.SIZES), batches


def training_recipe_pair(framework: str, job: Job) -> Pair:
    """Return a step of the classifier with dropout, handed over as a user hands over a model."""
    module, batch = backend("training_recipe", framework), training_recipe.draw_batch(0, "batch", training_recipe.ROWS)
    weights = training_recipe.draw_weights(0)
    subject = module.Subject(lambda: module.build(weights, batch, training_recipe.DROPOUT, job), job)
    given = batch.inputs.astype(np.float32), batch.targets
    sizes = given[0].shape[1], training_recipe.HIDDEN, training_recipe.SIDE
    return lambda *_: subject.step(), plain("training_recipe", framework, *sizes), [(given, given)] * STEPS


PAIRS: dict[str, Callable[[str, Job], Pair]] = {
    "gru": gru_pair,
    "transformer": transformer_pair,
    "boundary": boundary_pair,
    "sgd": sgd_pair,
    "linear": linear_pair,
    "logistic": logistic_pair,
    "mlp": mlp_pair,
    "cnn": cnn_pair,
    "gnn": gnn_pair,
    "gan": gan_pair,
    "text": text_pair,
    "sequences": sequences_pair,
    "attribution": attribution_pair,
    "generate": generate_pair,
    "evolve": evolve_pair,
    "inpaint": inpaint_pair,
    "training_recipe": training_recipe_pair,
}


def trained(training: Training, plain_step: Step, inputs: tuple[Any, ...], truth: Any) -> Pair:
    """Return a training of the frame beside a plain step, both over the same whole batch."""
    return training.step, plain_step, [((inputs, truth), (*inputs, truth))] * STEPS


def backend(check: str, framework: str) -> Any:
    """Return a check's backend module."""
    return importlib.import_module(f"checks.{check}.{framework}")


def plain(name: str, framework: str, *sizes: Any) -> Step:
    """Return the plain script's step."""
    step: Step = made(name, framework, "trainer", *sizes)
    return step


def made(name: str, framework: str, function: str, *sizes: Any) -> Any:
    """Return what a function of the plain script makes."""
    return getattr(importlib.import_module(f"benchmarks.plain.{name}_{framework}"), function)(*sizes)
