"""Columns of answers, as Arrow has them: a day's worth in one call.

``verify`` takes a column of pyarrow, Polars, DuckDB, DataFusion or any other library that speaks the Arrow PyCapsule
interface, and gives a column of verdicts to any of them. Nothing is copied on the way in, and no row becomes a Python
object. It needs none of these libraries itself; ``pip install kycvs[arrow]`` brings pyarrow along.

>>> import pyarrow
>>> import kycvs.arrow
>>> from kycvs import Issuer, SigningKey, Status, TrustStore, Verifier
>>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
>>> verifier = Verifier(TrustStore().with_key(issuer.name, issuer.verifying_key), open=True)
>>> answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
>>> column = pyarrow.array([bytes(answer), b"damaged", None])
>>> verdicts = pyarrow.chunked_array(kycvs.arrow.verify(column, verifier, nonce=None))
>>> [verdict and (verdict["code"], verdict["status"]) for verdict in verdicts.to_pylist()]
[('good', 2), ('malformed', None), None]
"""

from kycvs._kycvs import Verdicts
from kycvs._kycvs import verify_column as verify
from kycvs._protocols import ArrowArray, ArrowStream

__all__ = ["ArrowArray", "ArrowStream", "Verdicts", "verify"]
