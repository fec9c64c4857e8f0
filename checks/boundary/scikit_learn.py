"""Our float64 rules against those of scikit-learn, where it is installed: an independent implementation of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sklearn
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import SplineTransformer
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from checks.boundary import NEIGHBOURS, NEWTON, Learned, plane, reference, support, trees
from checks.boundary.features import FEATURES, KNOTS
from checks.boundary.growth import record_growth

if TYPE_CHECKING:
    from checks.boundary.plane import Array, Sample
    from checks.common.job import Job
    from checks.common.record import Recorder

_CLOSE = 2.0**-10
"""How near the solvers of scikit-learn come with their tolerances, relative to the largest score."""

_ALLOWED = {"quadratic": 2.0**-7}
"""Of 256 points a covariance divided by n is 1 / 256 smaller than by n - 1; scikit-learn 1.9 takes n."""


def compare(sample: Sample, job: Job, record: Recorder) -> None:
    """Record for each rule whether ours is scikit-learn's; for those that draw or stop otherwise, how well both do."""
    for name, (ours, theirs) in _same(sample, job).items():
        apart = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
        record.invariant(
            f"{name} is scikit-learn's", apart <= _CLOSE, f"{apart:.2g} of the largest, allowed {_CLOSE:.2g}"
        )
    record_growth(lambda seen: _fitted(seen, job.seed), sample, record, f", by scikit-learn {sklearn.__version__}")
    best = plane.best(sample.places)
    for name, theirs in _alike(sample, job.seed).items():
        record.observe(
            "scikit-learn", name, f"{sklearn.__version__}: {best.learned(theirs > 0):.0%} of what can be learned"
        )


def _same(sample: Sample, job: Job) -> dict[str, tuple[Array, Array]]:
    points, labels, places = sample
    found = {}
    for name, features in FEATURES.items():
        model = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-10, max_iter=1000).fit(features(points), labels)
        found[name] = reference.logistic(features(points), labels, NEWTON, job), model.coef_[0]
    spread = SplineTransformer(degree=1, knots=np.stack([KNOTS, KNOTS], axis=1)).fit(points).transform(places)
    hats = spread.reshape(len(places), 2, len(KNOTS))
    product = (hats[:, 0, :, None] * hats[:, 1, None, :]).reshape(len(places), -1)
    found["hats"] = FEATURES["splines"](places), product
    quadratic = QuadraticDiscriminantAnalysis().fit(points, labels).predict_log_proba(places)
    found["quadratic"] = reference.quadratic(sample, job), quadratic[:, 1] - quadratic[:, 0]
    near = KNeighborsClassifier(NEIGHBOURS).fit(points, labels)
    clear = _without_ties(near.kneighbors(places, NEIGHBOURS + 1)[0])
    ours = reference.neighbours(sample, NEIGHBOURS, job)
    found["neighbours"] = ours[clear], near.predict_proba(places)[clear, 1]
    grown = DecisionTreeClassifier(max_depth=trees.DEPTH, min_samples_leaf=trees.FEWEST, random_state=0)
    theirs = grown.fit(points, labels).predict_proba(points)[:, 1] - 0.5
    ours = trees.walk(trees.tree(points, labels), points)
    found["impurity of tree"] = _impurity(labels, ours), _impurity(labels, theirs)
    return found


def _alike(sample: Sample, seed: int) -> dict[str, Array]:
    points, labels, places = sample
    forest = RandomForestClassifier(trees.TREES, max_depth=trees.DEPTH, random_state=seed % 2**32)
    boosting = GradientBoostingClassifier(
        n_estimators=trees.ROUNDS, max_depth=trees.STUMP, learning_rate=trees.RATE, random_state=0
    )
    machine = SVC(C=support.COST, gamma=support.GAMMA)
    return {
        "forest": forest.fit(points, labels).predict_proba(places)[:, 1] - 0.5,
        "boosting": boosting.fit(points, labels).decision_function(places),
        "support vectors": machine.fit(points, labels).decision_function(places),
    }


def _fitted(sample: Sample, seed: int) -> list[Learned]:
    """Return scikit-learn's own rules, fitted to the sample."""
    points, labels, places = sample
    logistic = LogisticRegression(C=1.0, max_iter=1000).fit(points, labels)
    quadratic = QuadraticDiscriminantAnalysis().fit(points, labels)
    near = KNeighborsClassifier(NEIGHBOURS).fit(points, labels)
    grown = DecisionTreeClassifier(max_depth=trees.DEPTH, min_samples_leaf=trees.FEWEST, random_state=0)
    return [
        Learned("logistic", logistic.decision_function(places)),
        Learned("quadratic", quadratic.decision_function(places)),
        Learned("neighbours", near.predict_proba(places)[:, 1], 0.5),
        Learned("tree", grown.fit(points, labels).predict_proba(places)[:, 1], 0.5),
        *(Learned(name, scores) for name, scores in _alike(sample, seed).items()),
    ]


def _impurity(labels: Array, votes: Array) -> Array:
    """Return the mean squared error of the votes: equal splits may be taken the other way round."""
    return np.array([((labels - 0.5 - votes) ** 2).mean()])


def _without_ties(apart: Array) -> Array:
    return np.asarray(apart[:, -1] > apart[:, -2])
