"""What the columns of a report are, in a sentence or two, for those who ask."""

NOTES = {
    "Fréchet distance": (
        "Between two normal distributions with the means and covariances of the features of samples and of real "
        "examples (Heusel et al. 2017). 0 is the least; real test examples reach the floor, since their number is "
        "finite. It sees quality and variety together."
    ),
    "kernel distance": (
        "Squared maximum mean discrepancy of features with a cubic kernel (Bińkowski et al. 2018), unbiased: 0 in "
        "expectation where samples are like the data."
    ),
    "precision": (
        "The share of samples that lie among real examples (within the distance of some real example's third "
        "neighbour, Kynkäänniemi et al. 2019): how faithful samples are. 1 is the most."
    ),
    "recall": (
        "The share of real examples that lie among samples, by the same rule: how varied samples are. 1 is the most; "
        "0 is a model that covers nothing of the data."
    ),
    "density": (
        "Like precision, but counts how many real neighbourhoods a sample lies in (Naeem et al. 2020), so that one "
        "outlier among the real examples does not admit everything. 1 for the data's own distribution."
    ),
    "coverage": "The share of real examples that have a sample within their neighbourhood (Naeem et al. 2020).",
    "sliced Wasserstein distance": (
        "Squared 2-Wasserstein distance of features projected on a direction, averaged over directions (MIND, Berthet "
        "et al. 2026, is this of Inception's features). 0 is the least. It sees more than means and covariances, and "
        "needs fewer samples than the Fréchet distance."
    ),
    "Vendi score": (
        "As how many samples without anything in common these count (Friedman & Dieng 2023): variety alone, whatever "
        "the samples show. The ideal is that of as many real examples; noise has more."
    ),
    "AuthPct": (
        "The share of samples that are farther from their nearest training example than that is from its nearest other "
        "(Alaa et al. 2022). Copies come to 0; only less than unseen real examples come to is a fault."
    ),
    "feature likelihood divergence": (
        "Hundredths of a nat per feature by which unseen examples are less probable under balls around the samples, "
        "fitted to the training examples, than under balls around training examples (after Jiralerspong et al. 2023). "
        "0 is as good as real; it sees quality, variety and memorizing together."
    ),
    "path length": (
        "Mean squared speed of features while a code moves to another in a unit of time (after Karras et al. 2019). "
        "The ideal is the mean squared distance of two real examples: no model of the data's variety can come below."
    ),
    "two-sample accuracy": (
        "Of a classifier that tells samples from real examples, on examples held out (Lopez-Paz & Oquab 2017): ½ is "
        "chance, 1 tells every sample."
    ),
    "p": "The chance of such an accuracy if samples and data are alike.",
    "nearer to training than test is": (
        "The chance that a sample is nearer to the training set than a test example is; above ½ a model may repeat "
        "training examples (Meehan et al. 2020)."
    ),
    "singled-out training neighbour": (
        "The share of samples that one training example stands out for as near, as it does for 5 % of test examples."
    ),
    "duplicates": "The share of samples with a near twin among the samples, as 5 % of real examples have one.",
    "memorizes": "Whether training examples seem to be repeated: over 1 % copies, or far too many singled out.",
    "log p(x)": (
        "Nats per test example, by importance sampling; in expectation a lower bound of the truth. Larger is better, "
        "and only numbers of the same values compare."
    ),
    "effective draws": (
        "As how many equally weighted draws those of an example are worth; with fewer than 5 the number cannot be "
        "trusted."
    ),
    "lower bound": "The evidence lower bound (ELBO) on all of the test set: reconstruction less KL.",
    "active": (
        "Units whose posterior mean varies over examples by more than 0.01 (Burda et al. 2016), or, where the prior "
        "has learned a scale of its own, by more than 1 % of all that the unit varies."
    ),
    "q(z) told from the prior": (
        "Accuracy of a classifier that tells codes of examples from draws of the prior: ½ if samples start where codes "
        "lie."
    ),
}
