"""ALS factors, by `implicit`."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_array, csr_matrix
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from artifacts.cpus import available_cpus
from training.config import ModelSettings


@dataclass(frozen=True)
class Factors:
    """`users` (n_users, n_factors) and `items` (n_items, n_factors), float32."""

    users: npt.NDArray[np.float32]
    items: npt.NDArray[np.float32]


def fit_factors(matrix: csr_array, settings: ModelSettings, show_progress: bool) -> Factors:
    """Factorise (n_users, n_items) strengths as in Hu, Koren and Volinsky 2008.

    The same matrix, configuration and seed give the same factors on the same kind of processor: for another, BLAS picks
    another kernel, which rounds otherwise. Items and users without entries get zero vectors: all of them where every
    buyer is a guest.
    """
    if matrix.nnz == 0:
        return Factors(*(np.zeros((rows, settings.factors), np.float32) for rows in matrix.shape))
    with threadpool_limits(1, "blas"):  # implicit crawls when BLAS brings threads of its own (implicit issue 387)
        model = AlternatingLeastSquares(
            factors=settings.factors,
            regularization=settings.regularization,
            alpha=settings.alpha,
            iterations=settings.iterations,
            num_threads=available_cpus(),  # its own default ignores the limit (implicit issue 588)
            random_state=settings.seed,
        )
        # implicit's own bar has no label.
        with tqdm(desc="ALS", total=settings.iterations, unit=" iterations", disable=not show_progress) as bar:
            model.fit(csr_matrix(matrix), show_progress=False, callback=lambda *_: bar.update())
    users, items = np.diff(matrix.indptr) > 0, np.bincount(matrix.indices, minlength=matrix.shape[1]) > 0
    return Factors(_known(model.user_factors, users), _known(model.item_factors, items))


def _known(factors: npt.NDArray[np.float32], filled: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """The conjugate gradient leaves tiny noise in rows nobody filled: those are zero in the exact solution."""
    return np.where(filled[:, np.newaxis], factors, np.float32(0))
